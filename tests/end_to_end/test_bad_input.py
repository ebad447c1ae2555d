"""Whatever a member gets wrong is answered once, to them alone, in words; and costs nothing."""

from pathlib import Path
from typing import Any

import pytest

from bot.catalogue import MODELS, option_spec, union_bounds
from bot.catalogue.options import PROMPT_MAX_LENGTH
from sandbox.discord_api.driver import MemberDriver, RefusedError
from sandbox.discord_api.permissions import Permission
from tests.end_to_end.sandbox_process import SandboxProcess
from tests.end_to_end.seen import assert_refused, quota

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

BAD_REQUEST = 400


# -- words and numbers ---------------------------------------------------------------


@pytest.mark.parametrize("blank", [" ", "  \n ", "\u3000"])
async def test_a_blank_prompt_is_refused(
    sandbox: SandboxProcess, mia: MemberDriver, blank: str
) -> None:
    """Spaces are no prompt."""
    await assert_refused(sandbox, mia, "t2v", {"prompt": blank}, "`prompt` is empty", "few words")


async def test_a_missing_picture_never_leaves_discord(mia: MemberDriver) -> None:
    """The option is required, so Discord itself insists on it; a prompt is asked for by a form."""
    with pytest.raises(RefusedError) as refused:
        await mia.run_command("animate", {"prompt": "a hill"})

    assert refused.value.status == BAD_REQUEST


async def test_a_prompt_that_is_too_long_is_refused_with_both_numbers(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """It says how long it is, how long it may be and by how much to shorten it."""
    length = 5000

    await assert_refused(
        sandbox,
        mia,
        "t2v",
        {"prompt": "x" * length},
        f"{length:,} characters",
        f"{PROMPT_MAX_LENGTH:,}",
        f"Shorten it by {length - PROMPT_MAX_LENGTH:,}",
    )


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("animate", {"model": "wan-2.2-i2v-flash", "steps": 30}, ("no `steps`", "`watermark`")),
        ("animate", {"model": "wan-2.6-i2v", "watermark": True}, ("no `watermark`", "multi_shot")),
        ("animate", {"model": "wan2.1-i2v-720p", "enhance_prompt": True}, ("no `enhance_prompt`",)),
        ("animate", {"model": "wan-2.6-i2v", "duration": 7}, ("5", "10", "15", "not `7`")),
        ("animate", {"model": "wan2.1-i2v-720p", "duration": 6}, ("1 to 5", "not 6")),
        ("animate", {"model": "wan-2.5-i2v", "resolution": "4k"}, ("480p", "1080p", "not `4k`")),
        ("animate", {"model": "wan-2.2-i2v-flash", "resolution": "1080p"}, ("480P", "720P")),
        ("animate", {"seed": -1}, ("0 to 2147483647", "seed")),
        ("animate", {"seed": 2**31}, ("0 to 2147483647", "seed")),
        (
            "animate",
            {"model": "wan-2.6-i2v", "multi_shot": True, "enhance_prompt": False},
            ("`multi_shot` only works with `enhance_prompt` on",),
        ),
        ("animate", {"negative_prompt": "n" * 1001}, ("negative_prompt", "1,001", "1,000")),
        ("animate", {"model": "wan-9"}, ("no model `wan-9`", "Wan 2.6 Image To Video")),
        ("animate", {"model": "wan-2.2-t2v-fast"}, ("from text", "/t2v")),
        ("t2v", {"model": "wan-2.6-i2v"}, ("from a picture", "/animate")),
        ("t2v", {"aspect_ratio": "1:1"}, ("16:9", "9:16", "not `1:1`")),
        ("t2v", {"high_noise_lora": "ink"}, ("high_noise_lora", "https://", ".safetensors")),
        (
            "t2v",
            {"low_noise_lora": "http://example.org/a.safetensors"},
            ("low_noise_lora", "does not begin with https://"),
        ),
        (
            "t2v",
            {"high_noise_lora": "https://example.org/a.zip"},
            ("does not end in .safetensors",),
        ),
        (
            "t2v",
            {"high_noise_lora": "https://127.0.0.1/a.safetensors"},
            ("names no public server",),
        ),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
async def test_what_the_model_does_not_take_is_refused_with_what_it_takes(
    sandbox: SandboxProcess,
    mia: MemberDriver,
    *,
    picture_file: Path,
    command: str,
    options: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    """The answer names the option and what it may be."""
    image = {"image": picture_file} if command == "animate" else {}

    await assert_refused(sandbox, mia, command, {"prompt": "a hill", **image, **options}, *words)


def out_of_discords_range() -> list[tuple[str, str, float]]:
    """Every option with a range that Discord knows, just below it and just above."""
    found = []
    for command, kind in (("animate", "i2v"), ("t2v", "t2v")):
        names = {option.name for model in MODELS if model.kind == kind for option in model.options}
        for name in sorted(names):
            if option_spec(name).type in ("integer", "number"):
                low, high = union_bounds("i2v" if kind == "i2v" else "t2v", name)
                found += [(command, name, low - 1)] if low is not None else []
                found += [(command, name, high + 1)] if high is not None else []
    return found


@pytest.mark.parametrize(("command", "option", "value"), out_of_discords_range())
async def test_what_no_model_takes_never_leaves_discord(
    mia: MemberDriver,
    picture_file: Path,
    command: str,
    option: str,
    value: float,
) -> None:
    """Discord knows the widest range and refuses what is outside."""
    image = {"image": picture_file} if command == "animate" else {}
    number = int(value) if option_spec(option).type == "integer" else value

    with pytest.raises(RefusedError) as refused:
        await mia.run_command(command, {"prompt": "a hill", **image, option: number})

    assert refused.value.status == BAD_REQUEST


# -- places --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (Permission.SEND_MESSAGES, "Send Messages"),
        (Permission.ATTACH_FILES, "Attach Files"),
    ],
)
async def test_where_the_bot_may_not_post_nothing_is_made(
    sandbox: SandboxProcess, mia: MemberDriver, missing: Permission, words: str
) -> None:
    """It is found out before anything is spent."""
    channel_id = next(c["id"] for c in mia.guild["channels"] if c["name"] == "general")
    await sandbox.discord("bot-permissions", {"channel_id": channel_id, "deny": int(missing)})

    try:
        await assert_refused(
            sandbox,
            mia,
            "t2v",
            {"prompt": "a hill"},
            words,
            "Nothing was charged",
            "another channel",
            channel_id=channel_id,
        )
    finally:
        await sandbox.discord("bot-permissions", {"channel_id": channel_id})


async def test_in_a_thread_it_is_the_threads_permission_that_counts(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """Threads have a permission of their own for sending."""
    thread = mia.guild["threads"][0]
    deny = {"channel_id": thread["id"], "deny": int(Permission.SEND_MESSAGES_IN_THREADS)}
    await sandbox.discord("bot-permissions", deny)

    try:
        await assert_refused(
            sandbox,
            mia,
            "t2v",
            {"prompt": "a hill"},
            "Send Messages in Threads",
            channel_id=thread["id"],
        )
    finally:
        await sandbox.discord("bot-permissions", {"channel_id": thread["id"]})


# -- what is there -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("models", {"model": "wan-9"}, ("no such model", "/models")),
        ("jobs", {"job": "12345"}, ("not one of your videos", "/jobs")),
        ("jobs", {"job": "my last one"}, ("chosen from the list", "/jobs")),
        ("jobs", {"job": "9" * 40}, ("given by its number", "/jobs")),
        ("jobs", {"job": "-1"}, ("given by its number", "/jobs")),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
async def test_asking_for_what_is_not_there_is_answered(
    sandbox: SandboxProcess,
    mia: MemberDriver,
    command: str,
    options: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    """The answer says how to find what is."""
    await assert_refused(sandbox, mia, command, options, *words)


async def test_nothing_of_all_this_is_counted_as_used(sandbox: SandboxProcess) -> None:
    """A member who only ever got refusals (Olga, in these tests) has their whole allowance."""
    async with sandbox.member("Olga") as olga:
        for options in ({"prompt": " "}, {"prompt": "a hill", "aspect_ratio": "round"}):
            await assert_refused(sandbox, olga, "t2v", options, "`")
        balance = await quota(olga)

    assert (balance.used_today, balance.reserved, balance.in_the_making) == (0, 0, 0)
    assert balance.left == balance.allowed_today
