"""What the sandbox tells a person in the terminal."""

from typing import Any


def welcome(facts: dict[str, Any], speed: float) -> str:
    """Return what to do now, when everything runs."""
    segmind = facts["segmind"]
    lines = [
        "",
        "The sandbox is ready. Open this page:",
        "",
        f"    {facts['page']}",
        "",
        "  Type /t2v with a few words, or /animate with a picture, and watch the card.",
        f"  Nothing leaves this machine; videos are made up, {speed:g} times as fast as real ones.",
        '  Try a prompt with "forbidden" in it to see a refused video, "sandbox-large" to see one',
        "  that is too large for the channel: a smaller copy comes.",
        "",
        "  Switch members at the bottom left: Nora moderates Wan Workshop, Remy Second Studio.",
        "  The bot is not in Far Away: it answers Mia and Theo there, who installed it themselves.",
        "",
        f"  Provider's state: {segmind['control']}/state",
    ]
    if "bot_log" in facts:
        lines.append(f"  The bot's log:    {facts['bot_log']}")
    else:
        lines += [
            "  No bot was started (--no-bot). Yours needs:",
            f"    DISCORD_TOKEN={facts['discord']['bot_token']}",
            f"    DISCORD_API_BASE={facts['discord']['api']}",
            f"    DISCORD_GATEWAY_URL={facts['discord']['gateway']}",
            f"    SEGMIND_API_KEY={segmind['api_key']}",
            *(f"    SEGMIND_{host}_BASE={segmind['api']}" for host in ("API", "HISTORY", "UPLOAD")),
            f"    MEDIA_HOSTS=127.0.0.1 MEDIA_ALLOW_HTTP=true POLL_SPEED={speed:g}",
        ]
    return "\n".join([*lines, "", "  Ctrl-C ends it.", ""])


def of_part(facts: dict[str, Any]) -> str:
    """Return where one part that runs alone can be reached."""
    if "discord" in facts:
        discord = facts["discord"]
        return (
            f"The Discord stand-in runs. Page: {facts['page']}\n"
            f"  api:         {discord['api']}\n"
            f"  gateway:     {discord['gateway']}\n"
            f"  bot's token: {discord['bot_token']}\n"
        )
    segmind = facts["segmind"]
    return (
        f"The Segmind stand-in runs on {segmind['api']}\n"
        f"  key:     {segmind['api_key']}\n"
        f"  control: {segmind['control']}/state\n"
    )
