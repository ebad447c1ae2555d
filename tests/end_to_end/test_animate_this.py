"""The message command "Animate this": a picture somebody posted, and a form for the prompt."""

from pathlib import Path

import pytest

from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver
from tests.end_to_end.media_files import picture
from tests.end_to_end.sandbox_process import Json, SandboxProcess
from tests.end_to_end.seen import (
    answer_to,
    assert_plain,
    card_showing,
    is_ephemeral,
    parts,
    quota,
    result_of,
    text_of,
)

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

T2V_CREDITS, FLASH_CREDITS = 8, 18
REPLY = 19


async def complete(sandbox: SandboxProcess, prompt: str) -> None:
    """Ends the stuck request of a prompt well."""
    request = await sandbox.request_of(prompt)
    await sandbox.segmind(f"requests/{request['request_id']}/complete", {})


def field(modal: Json, label: str) -> Json:
    """The input of a modal that stands under a label."""
    found: Json = next(p["component"] for p in parts(modal) if p.get("label") == label)
    return found


def prompt_field(modal: Json) -> str:
    """The custom id of the prompt's input."""
    return str(field(modal, "What should happen?")["custom_id"])


@pytest.mark.parametrize("model", [None, "wan-2.5-i2v"])
async def test_a_picture_somebody_posted_can_be_animated(
    sandbox: SandboxProcess,
    mia: MemberDriver,
    theo: MemberDriver,
    tmp_path: Path,
    model: str | None,
) -> None:
    """The message command asks for the prompt, offers the models, and makes the video."""
    prompt = f"Theo's hill comes alive with {model}"
    posted = await theo.send_message("look", [picture(tmp_path / "theos hill.png")])

    opened = await mia.use_menu("Animate this", posted)
    assert opened.modal is not None
    select = field(opened.modal, "Model")
    shown = next(option["value"] for option in select["options"] if option.get("default"))
    chosen = {} if model is None else {select["custom_id"]: [model]}
    job = await mia.submit_modal(opened.modal, {prompt_field(opened.modal): prompt, **chosen})

    result = await result_of(mia, job.id)
    request = await sandbox.request_of(prompt)
    assert request["slug"] == (model or shown)
    assert (
        await mia.download(request["body"]["image"]) == (tmp_path / "theos hill.png").read_bytes()
    )
    assert len(files_of(result)) == 1
    await card_showing(mia, job.id, "Done")


async def test_a_form_left_open_over_a_restart_of_the_bot_still_makes_its_video(
    sandbox: SandboxProcess, mia: MemberDriver, theo: MemberDriver, tmp_path: Path
) -> None:
    """The process that showed it was killed; the next one knows the picture all the same."""
    prompt = "Theo's hill outlives the bot"
    posted = await theo.send_message("look", [picture(tmp_path / "patient hill.png")])
    opened = await mia.use_menu("Animate this", posted)
    assert opened.modal is not None

    await sandbox.bot("restart")
    job = await mia.submit_modal(opened.modal, {prompt_field(opened.modal): prompt})

    assert job.ok, "the form was not answered"
    result = await result_of(mia, job.id)
    request = await sandbox.request_of(prompt)
    assert "patient" in request["body"]["image"]
    assert len(files_of(result)) == 1
    await card_showing(mia, job.id, "Done")


async def test_a_form_on_a_message_that_was_deleted_meanwhile_is_refused(
    sandbox: SandboxProcess, mia: MemberDriver, theo: MemberDriver, tmp_path: Path
) -> None:
    """What its sender took back is not animated, and costs nothing."""
    posted = await theo.send_message("look", [picture(tmp_path / "shy hill.png")])
    opened = await mia.use_menu("Animate this", posted)
    assert opened.modal is not None
    before = await quota(mia)

    where = {"channel_id": sandbox.channel_id, "message_id": posted["id"]}
    await sandbox.discord("delete-message", where)
    sent = await mia.submit_modal(opened.modal, {prompt_field(opened.modal): "a hill"})

    answer = await answer_to(mia, sent.id)
    assert is_ephemeral(answer)
    assert_plain(text_of(answer), ("message is gone", "/animate"))
    assert await quota(mia) == before


async def test_a_message_without_a_picture_cannot_be_animated(
    mia: MemberDriver, theo: MemberDriver
) -> None:
    """It is said at once, before a form is filled for nothing."""
    posted = await theo.send_message("a thousand words")

    outcome = await mia.use_menu("Animate this", posted)

    assert outcome.modal is None
    answer = await answer_to(mia, outcome.id)
    assert is_ephemeral(answer)
    assert_plain(text_of(answer), ("no picture attached", "/animate"))


async def test_a_blank_prompt_in_the_form_is_refused(
    mia: MemberDriver, theo: MemberDriver, tmp_path: Path
) -> None:
    """As it is on the command."""
    posted = await theo.send_message("", [picture(tmp_path / "hill.png")])
    opened = await mia.use_menu("Animate this", posted)
    assert opened.modal is not None
    before = await quota(mia)

    sent = await mia.submit_modal(opened.modal, {prompt_field(opened.modal): "   "})

    assert_plain(text_of(await answer_to(mia, sent.id)), ("`prompt` is empty",))
    assert await quota(mia) == before


async def test_a_file_that_only_says_it_is_a_picture_is_refused_after_the_form(
    mia: MemberDriver, theo: MemberDriver, tmp_path: Path
) -> None:
    """Its sender's word is not believed."""
    (tmp_path / "hill.png").write_text("not a picture")
    posted = await theo.send_message("", [tmp_path / "hill.png"])
    opened = await mia.use_menu("Animate this", posted)
    assert opened.modal is not None

    sent = await mia.submit_modal(opened.modal, {prompt_field(opened.modal): "a hill"})

    assert_plain(text_of(await answer_to(mia, sent.id)), ("a text file, not an image",))
