"""What a member sees, and the promises that hold for every refusal and every failure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.discord_api.component_kinds import result_of as carried_by
from sandbox.discord_api.driver import MemberDriver
from tests.end_to_end.sandbox_process import PATIENCE_S, Json, SandboxProcess, until

EPHEMERAL = 1 << 6
# No member should ever read any of these.
_FOR_PROGRAMMERS = re.compile(
    r"Traceback|File \"|\w+(Error|Exception)\b|\bHTTP\b|\b[45]\d\d\b(?! credits)|None\b|\{|\}"
)
_CLOCK = re.compile(r"<t:\d+:R>")


def parts(message: Json) -> list[Json]:
    """Every component of a message, from the outside in."""
    found: list[Json] = []
    waiting = list(message["components"])
    while waiting:
        part = waiting.pop(0)
        found.append(part)
        waiting += part.get("components", []) + [
            part[key] for key in ("accessory", "component") if key in part
        ]
    return found


def text_of(message: Json) -> str:
    """All words of a message."""
    return "\n".join(
        [message["content"], *(p["content"] for p in parts(message) if "content" in p)]
    )


def buttons(message: Json) -> dict[str, str]:
    """The buttons of a message: label to custom id."""
    return {p["label"]: p["custom_id"] for p in parts(message) if p["type"] == 2}


def heading(message: Json) -> str:
    """The first line of a card."""
    return text_of(message).strip().splitlines()[0]


def is_ephemeral(message: Json) -> bool:
    """Whether only one member sees it."""
    return bool(message["flags"] & EPHEMERAL)


def of_interaction(message: Json, interaction_id: str) -> bool:
    """Whether an interaction made this message."""
    return bool(message.get("interaction_metadata", {}).get("id") == interaction_id)


# -- /quota ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Quota:
    """The numbers that `/quota` shows."""

    left: int
    used_today: int
    allowed_today: int
    used_this_month: int
    in_the_making: int
    reserved: int


async def quota(member: MemberDriver, channel_id: str | None = None) -> Quota:
    """Asks `/quota` and reads the answer."""
    answer = await ask(member, "quota", channel_id=channel_id)
    assert is_ephemeral(answer)
    text = text_of(answer)
    return Quota(
        left=_number(r"### ([\d,]+) credits? left", text),
        used_today=_number(r"Today\*\*\n\S+ ([\d,]+) of", text),
        allowed_today=_number(r"Today\*\*\n\S+ [\d,]+ of ([\d,]+) credits", text),
        used_this_month=_number(r"This month\*\*\n\S+ ([\d,]+) of", text),
        in_the_making=_number(r"([\d,]+) videos? in the making", text),
        reserved=_number(r"with ([\d,]+) credits? reserved", text),
    )


def _number(pattern: str, text: str) -> int:
    match = re.search(pattern, text)
    assert match is not None, f"{pattern} is not in {text!r}"
    return int(match[1].replace(",", ""))


async def ask(
    member: MemberDriver,
    command: str,
    options: Mapping[str, Any] | None = None,
    channel_id: str | None = None,
) -> Json:
    """Runs a command that answers with one ephemeral message; returns that, complete."""
    outcome = await member.run_command(command, options, channel_id)
    assert outcome.ok, f"/{command} was not answered in time"
    return await answer_to(member, outcome.id)


async def answer_to(member: MemberDriver, interaction_id: str) -> Json:
    """The ephemeral answer to an interaction, once it says something."""
    return await member.wait_for_message(
        lambda m: of_interaction(m, interaction_id) and is_ephemeral(m) and bool(text_of(m).strip())
    )


# -- videos ------------------------------------------------------------------------


def is_result(message: Json, job_id: str) -> bool:
    """Whether a message carries a job's video."""
    return carried_by(message["components"]) == job_id and message["author"].get("bot", False)


async def result_of(member: MemberDriver, job_id: str) -> Json:
    """The message with a job's video."""
    return await member.wait_for_message(lambda m: is_result(m, job_id))


async def card_showing(member: MemberDriver, job_id: str, word: str) -> Json:
    """The status card of a job, once its heading has this word."""
    return await member.wait_for_message(
        lambda m: of_interaction(m, job_id) and bool(m["components"]) and word in heading(m)
    )


async def make(
    member: MemberDriver,
    command: str,
    options: Mapping[str, Any],
    channel_id: str | None = None,
) -> tuple[str, Json]:
    """Runs a command that ends in a video; returns the job's id and the message with it.

    The video comes a moment before all is settled; this waits until the card says so.
    """
    outcome = await member.run_command(command, options, channel_id)
    assert outcome.ok, f"/{command} was not answered in time"
    result = await result_or_reason(member, outcome.id)
    await card_showing(member, outcome.id, "Done")
    return outcome.id, result


async def result_or_reason(member: MemberDriver, job_id: str) -> Json:
    """The message with a job's video; fails at once, with the bot's words, when there is none."""

    def ended(message: Json) -> bool:
        if is_result(message, job_id):
            return True
        if not of_interaction(message, job_id):
            return False
        return is_ephemeral(message) or "Failed" in text_of(message)

    message = await member.wait_for_message(ended)
    assert is_result(message, job_id), f"no video: {text_of(message)}"
    return message


# -- the promises --------------------------------------------------------------------


def assert_plain(text: str, words: tuple[str, ...]) -> None:
    """Words that a member understands: what was expected is there, nothing technical is."""
    for word in words:
        assert word.casefold() in text.casefold(), f"{word!r} is not in {text!r}"
    technical = _FOR_PROGRAMMERS.search(text)
    assert technical is None, f"{technical[0]!r} is in {text!r}"


async def assert_refused(
    sandbox: SandboxProcess,
    member: MemberDriver,
    command: str,
    options: Mapping[str, Any],
    *words: str,
    channel_id: str | None = None,
) -> str:
    """The promise for whatever is refused; returns the answer's text.

    One ephemeral answer with these words and nothing else, nothing at the provider, no credits.
    """
    quota_before, provider_before = await quota(member), await sandbox.provider_state()
    outcome = await member.run_command(command, options, channel_id)
    assert outcome.ok, "not answered in time"
    answer = await answer_to(member, outcome.id)
    provider_after, made = await sandbox.provider_state(), await sandbox.messages_of(outcome.id)

    assert_plain(text_of(answer), words)
    alive = [m for m in made if m["deleted_at"] is None]
    assert [m["id"] for m in alive] == [answer["id"]], "more than one answer stays"
    assert alive[0]["ephemeral_to"] == member.user["id"]
    assert len(provider_after["requests"]) == len(provider_before["requests"])
    assert provider_after["calls"].get("submit", 0) == provider_before["calls"].get("submit", 0)
    assert await quota(member) == quota_before
    return text_of(answer)


async def assert_fails(
    sandbox: SandboxProcess,
    member: MemberDriver,
    command: str,
    options: Mapping[str, Any],
    *words: str,
    charged_usd: float = 0.0,
) -> Json:
    """The promise for whatever fails after it was accepted; returns the card.

    One public failed card with these words, no other message, all credits back; it can be asked
    for once more.
    """
    quota_before, provider_before = await quota(member), await sandbox.provider_state()
    outcome = await member.run_command(command, options)
    assert outcome.ok, "not answered in time"
    card = await card_showing(member, outcome.id, "Failed")
    provider_after, everything = await sandbox.provider_state(), await sandbox.all_messages()

    assert_plain(card_words(card), (*words, "came back"))
    about_it = [m for m in everything.values() if outcome.id in text_of(m) and not m["deleted_at"]]
    assert [m["id"] for m in about_it] == [card["id"]], "something beside the card was posted"
    assert not is_ephemeral(card)
    assert not set(buttons(card)) - {"Again", "Same seed, change…"}
    before, after = (s["account"]["credits_usd"] for s in (provider_before, provider_after))
    assert before - after == charged_usd
    assert await quota(member) == quota_before
    return card


def card_words(card: Json) -> str:
    """A card's words without its facts: those hold numbers that may look like anything."""
    return "\n".join(line for line in text_of(card).splitlines() if not line.startswith("-#"))


async def assert_keeps_secrets(sandbox: SandboxProcess) -> None:
    """The promise for everything ever written: no token, no key, anywhere."""
    log = sandbox.bot_log()
    said = "\n".join(text_of(m) for m in (await sandbox.all_messages()).values())

    for secret in sandbox.secrets:
        assert secret not in log
        assert secret not in said
    assert "aW50ZXJhY3Rpb246" not in log, "an interaction's token is in the log"
    assert "Traceback" not in said


async def quiet(sandbox: SandboxProcess) -> None:
    """Waits until the provider has nothing under way."""

    async def idle() -> bool:
        state = await sandbox.provider_state()
        return all(r["state"] in ("COMPLETED", "FAILED") for r in state["requests"])

    await until(idle, "the provider is idle", PATIENCE_S)
