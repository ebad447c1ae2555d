"""What a member sees and can do, from the first look at their credits to the video."""

import json
import re
from pathlib import Path

import pytest

from bot.catalogue import MODELS, Model
from sandbox.discord_api.client_forms import OptionValue
from sandbox.discord_api.driver import MemberDriver
from tests.end_to_end.sandbox_process import SandboxProcess
from tests.end_to_end.seen import (
    answer_to,
    ask,
    assert_plain,
    assert_refused,
    card_showing,
    is_ephemeral,
    make,
    of_interaction,
    parts,
    quota,
    text_of,
)

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

T2V_CREDITS = 8
Options = dict[str, OptionValue]
SELECT, TEXT_INPUT = 3, 4
REPLY = 19


async def complete(sandbox: SandboxProcess, prompt: str) -> None:
    """Ends the stuck request of a prompt well."""
    request = await sandbox.request_of(prompt)
    await sandbox.segmind(f"requests/{request['request_id']}/complete", {})


# -- asking ----------------------------------------------------------------------------


async def test_credits_are_reserved_while_a_video_is_made_and_used_when_it_is_there(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """/quota before, during and after."""
    prompt = "sandbox-stuck hill to watch the credits by"
    before = await quota(mia)
    job = await mia.run_command("t2v", {"prompt": prompt})
    await card_showing(mia, job.id, "In the making")

    during = await quota(mia)
    await complete(sandbox, prompt)
    await card_showing(mia, job.id, "Done")
    after = await quota(mia)

    assert (during.in_the_making, during.reserved) == (1, T2V_CREDITS)
    assert during.left == before.left - T2V_CREDITS
    assert (after.in_the_making, after.reserved) == (0, 0)
    assert after.used_today == before.used_today + T2V_CREDITS
    assert after.used_this_month == before.used_this_month + T2V_CREDITS
    assert after.left == before.left - T2V_CREDITS


async def test_every_model_is_listed_with_its_command_time_and_price(mia: MemberDriver) -> None:
    """/models, for the asking member alone."""
    answer = await ask(mia, "models")

    assert is_ephemeral(answer)
    for model in MODELS:
        part = next(p["content"] for p in parts(answer) if model.title in p.get("content", ""))
        assert_plain(part, (model.summary, "about", "credits"))
        assert ("`/t2v`" if model.kind == "t2v" else "`/animate`") in part


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.slug)
async def test_one_model_is_shown_with_every_option(mia: MemberDriver, model: Model) -> None:
    """/models model:…, by the name that autocomplete offers."""
    (offered,) = await mia.autocomplete("models", "model", model.slug)

    answer = await ask(mia, "models", {"model": offered["value"]})

    for option in model.options:
        assert option.name in text_of(answer)


async def test_help_names_only_commands_that_exist(mia: MemberDriver) -> None:
    """And every command that makes a video."""
    answer = await ask(mia, "help")

    named = set(re.findall(r"`/(\w+)", text_of(answer)))
    exist = {command["name"] for command in await mia.commands()}
    assert {"animate", "t2v", "quota", "models", "jobs"} <= named <= exist
    assert "Animate this" in text_of(answer)
    assert "Animate this" in exist


@pytest.mark.parametrize(
    ("model", "option", "values"),
    [
        ("wan-2.6-i2v", "duration", [5, 10, 15]),
        ("wan-2.5-i2v", "duration", [5, 10]),
        ("wan2.1-i2v-720p", "duration", [1, 2, 3, 4, 5]),
        ("wan2.1-i2v-720p", "resolution", ["720", "960", "1024"]),
        ("wan-2.2-i2v-flash", "resolution", ["480P", "720P"]),
        ("wan-2.2-i2v-flash", "duration", []),
    ],
)
async def test_autocomplete_offers_what_the_chosen_model_takes_with_prices(
    mia: MemberDriver,
    picture_file: Path,
    model: str,
    option: str,
    values: list[int | str],
) -> None:
    """The price beside a choice is the one that is reserved; what was used last comes first."""
    options: Options = {"image": picture_file, "prompt": "a hill", "model": model}

    offered = await mia.autocomplete("animate", option, "", options)

    assert {choice["value"] for choice in offered} == set(values)
    assert all("credit" in choice["name"] for choice in offered)


async def test_the_price_that_was_offered_is_the_price_that_is_taken(
    mia: MemberDriver, picture_file: Path
) -> None:
    """Autocomplete, card and /quota agree."""
    options: Options = {
        "image": picture_file,
        "prompt": "a hill at its price",
        "model": "wan-2.5-i2v",
    }
    offered = await mia.autocomplete("animate", "resolution", "480", options)
    price = int(re.findall(r"(\d+) credits", offered[0]["name"])[0])
    before = await quota(mia)

    job_id, result = await make(mia, "animate", {**options, "resolution": offered[0]["value"]})

    card = await card_showing(mia, job_id, "Done")
    assert f"{price} credits" in text_of(card)
    assert f"{price} credits" in text_of(result)
    assert (await quota(mia)).used_today == before.used_today + price


# -- one's own videos --------------------------------------------------------------------


async def test_a_member_without_videos_is_told_how_to_make_one(sandbox: SandboxProcess) -> None:
    """/jobs of somebody (Olga, in these tests) who never made any."""
    async with sandbox.member("Olga") as olga:
        answer = await ask(olga, "jobs")

    assert is_ephemeral(answer)
    assert_plain(text_of(answer), ("No videos yet", "/animate", "/t2v", "/help"))


async def test_a_video_is_on_the_list_and_its_details_are_what_was_sent(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """/jobs, then Details; and /jobs job:… by autocomplete shows the same."""
    prompt = "a hill with *stars*, for the list"
    job_id, result = await make(mia, "t2v", {"prompt": prompt, "fps": 12, "seed": 77})
    body = (await sandbox.request_of(prompt))["body"]

    listed = await ask(mia, "jobs")
    offered = await mia.autocomplete("jobs", "job", "for the list")
    page = await ask(mia, "jobs", {"job": offered[0]["value"]})
    details = f"job:show:{job_id}"
    pressed = await mia.press(listed, details)
    same = await answer_to(mia, pressed.id)

    assert offered[0]["value"] == job_id
    assert details in {part.get("custom_id") for part in parts(listed)}
    assert f"/{result['id']}" in text_of(listed), "the list links to the video"
    assert text_of(same) == text_of(page)
    assert is_ephemeral(page)
    for name, value in body.items():
        shown = str(value).lower() if isinstance(value, bool) else value
        if name not in ("prompt", "negative_prompt"):
            assert f"`{name}`: {shown}".replace("16:9", "16\\:9") in text_of(page)
    assert "negative\\_prompt" in text_of(page) or "`negative_prompt`" in text_of(page)


async def test_what_is_too_long_for_the_page_comes_as_a_file(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """Word for word, so that any video can be made again."""
    prompt = "a very long hill " * 117
    job_id, _ = await make(mia, "t2v", {"prompt": prompt})

    outcome = await mia.run_command("jobs", {"job": job_id})
    with_file = await mia.wait_for_message(
        lambda m: bool(m["attachments"]) and of_interaction(m, outcome.id)
    )

    exact = json.loads(await mia.download(with_file["attachments"][0]["url"]))
    assert is_ephemeral(with_file)
    assert exact == (await sandbox.request_of(prompt.strip()))["body"]


async def test_somebody_elses_video_is_not_shown(
    sandbox: SandboxProcess, mia: MemberDriver, theo: MemberDriver
) -> None:
    """Neither by its number nor in the list."""
    job_id, _ = await make(mia, "t2v", {"prompt": "a hill that is Mia's alone"})

    await assert_refused(sandbox, theo, "jobs", {"job": job_id}, "not one of your videos", "/jobs")

    assert job_id not in text_of(await ask(theo, "jobs"))
    assert await theo.autocomplete("jobs", "job", job_id) == []
