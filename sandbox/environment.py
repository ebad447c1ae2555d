"""The environment in which the sandbox starts the bot: everything it needs, nothing of yours."""

from collections.abc import Mapping
from pathlib import Path

# What a Python program needs to run. All else is left out: a DISCORD_TOKEN, SEGMIND_API_KEY or
# DATABASE_URL in the developer's shell must never reach a bot that plays with stand-ins.
KEPT = frozenset(
    {
        "HOME",
        "LANG",
        "LD_LIBRARY_PATH",
        "PATH",
        "SYSTEMROOT",
        "TEMP",
        "TMP",
        "TMPDIR",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
    }
)
KEPT_PREFIXES = ("LC_", "PYTHON", "COV", "FONTCONFIG_")
# Loopback has no plan with a limit; the stand-in's own limit is set on its control endpoint.
REQUESTS_PER_MINUTE = 6000
# Enough for an hour of playing with the dearest model.
DAILY_CREDITS = 2000
MONTHLY_CREDITS = 20000


def bot_environment(
    inherited: Mapping[str, str],
    *,
    discord_token: str,
    discord_api: str,
    discord_gateway: str,
    segmind_key: str,
    segmind_api: str,
    speed: float,
    data_dir: Path,
    extra: Mapping[str, str],
) -> dict[str, str]:
    """Return the bot's whole environment.

    Args:
        inherited: The sandbox's own environment.
        discord_token: The stand-in's token for its bot account.
        discord_api: Base of Discord's HTTP API, with its version.
        discord_gateway: Address of its gateway.
        segmind_key: The Segmind stand-in's key.
        segmind_api: Base of all three of the vendor's hosts.
        speed: How much faster than the real provider the stand-in is.
        data_dir: Where the bot keeps its files.
        extra: Settings that win over everything here.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "ENV_FILE": "",  # no .env: it holds the host's real tokens
        "DISCORD_TOKEN": discord_token,
        "DISCORD_API_BASE": discord_api,
        "DISCORD_GATEWAY_URL": discord_gateway,
        "SEGMIND_API_KEY": segmind_key,
        "SEGMIND_API_BASE": segmind_api,
        "SEGMIND_HISTORY_BASE": segmind_api,
        "SEGMIND_UPLOAD_BASE": segmind_api,
        "SEGMIND_REQUESTS_PER_MINUTE": str(REQUESTS_PER_MINUTE),
        "MEDIA_HOSTS": "127.0.0.1",
        "MEDIA_ALLOW_HTTP": "true",
        "POLL_SPEED": f"{speed:g}",
        "DAILY_CREDITS": str(DAILY_CREDITS),
        "MONTHLY_CREDITS": str(MONTHLY_CREDITS),
        "USER_INSTALLS": "true",
        "DATA_DIR": str(data_dir),
        "LOG_FORMAT": "human",
        **extra,
    }
