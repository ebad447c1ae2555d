"""Whatever goes wrong at the provider ends in one honest card, and the credits come back.

Or it is overcome, and nobody notices but the host.
"""

import asyncio
from typing import Any

import pytest

from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver
from tests.end_to_end.sandbox_process import SandboxProcess
from tests.end_to_end.seen import (
    assert_fails,
    card_showing,
    is_result,
    make,
    quota,
    text_of,
)

pytestmark = [pytest.mark.end_to_end, pytest.mark.asyncio(loop_scope="session")]

HOST = "people who run this bot"
T2V_CREDITS = 8


def submit_error(status: int, text: str | None = None) -> dict[str, Any]:
    """The next submit is refused."""
    return {"on": "submit", "kind": "error", "status": status, "text": text}


def outcome(kind: str, text: str | None = None) -> dict[str, Any]:
    """The next request that is accepted ends like this."""
    return {"on": "outcome", "kind": kind, "text": text}


# -- refused at the door ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (submit_error(400, "resolution must be one of: 480p"), ("did not accept these settings",)),
        (submit_error(403), ("does not offer this model", "Choose another model", HOST)),
        (submit_error(404), ("does not offer this model", "Choose another model")),
        (submit_error(410), ("does not offer this model", "Choose another model", HOST)),
        (submit_error(406, "Team spend limit reached"), ("no money left", HOST)),
        (submit_error(406, "Invalid content type"), ("did not accept these settings",)),
        (submit_error(405), ("did not accept",)),
        ({"on": "submit", "kind": "not_json"}, ("video service",)),
        ({"on": "submit", "kind": "broken_contract"}, ("video service",)),
    ],
    ids=["400", "403", "404", "410", "spend-limit", "content-type", "405", "html", "contract"],
)
async def test_a_submit_that_is_refused_fails_with_the_reason(
    sandbox: SandboxProcess, mia: MemberDriver, fault: dict[str, Any], words: tuple[str, ...]
) -> None:
    """The card says whose matter it is, and what to do."""
    await sandbox.fault(fault)

    await assert_fails(sandbox, mia, "t2v", {"prompt": "a hill"}, *words)


async def test_a_wrong_key_is_the_hosts_matter(sandbox: SandboxProcess, mia: MemberDriver) -> None:
    """The member learns that they cannot mend it, and who can."""
    await sandbox.segmind("settings", {"api_key_valid": False})

    await assert_fails(sandbox, mia, "t2v", {"prompt": "a hill"}, "this bot's key", HOST)


async def test_an_empty_account_is_the_hosts_matter(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """406 with "Insufficient credits" means the host's money, not the member's credits."""
    await sandbox.segmind("settings", {"credits_usd": 0})

    await assert_fails(sandbox, mia, "t2v", {"prompt": "a hill"}, "no money left", HOST)


async def test_a_rate_limit_is_waited_for(sandbox: SandboxProcess, mia: MemberDriver) -> None:
    """429 sends the job back into the queue until the window resets; it is made once."""
    await sandbox.fault({"on": "submit", "kind": "error", "status": 429, "seconds": 1})
    prompt = "a hill after the rush hour"

    await make(mia, "t2v", {"prompt": prompt})

    await sandbox.request_of(prompt)


async def test_a_server_error_on_submit_is_not_repeated_blindly(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """The request history does not know it: it failed, and nobody pays."""
    await sandbox.fault(submit_error(500))
    prompt = "a hill that was never received"

    await assert_fails(sandbox, mia, "t2v", {"prompt": prompt}, "never got it", "Try again")

    assert await sandbox.requests_of(prompt) == []


@pytest.mark.parametrize(
    "fault", [{"kind": "error", "status": 504}, {"kind": "cut"}], ids=["504", "cut"]
)
async def test_a_submit_whose_answer_is_lost_is_found_again(
    sandbox: SandboxProcess, mia: MemberDriver, fault: dict[str, Any]
) -> None:
    """It was accepted although the answer says otherwise: it is found, not sent twice."""
    await sandbox.fault({"on": "submit", "when": "after", **fault})
    prompt = f"a hill whose answer was lost ({fault['kind']})"

    await make(mia, "t2v", {"prompt": prompt})

    await sandbox.request_of(prompt)


# -- failed in the making --------------------------------------------------------------


async def test_blocked_content_is_said_to_be_blocked(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """FAILED with the words of the content policy is the member's to change."""
    prompt = "something forbidden"

    await assert_fails(
        sandbox, mia, "t2v", {"prompt": prompt}, "refused this content", "Change the prompt"
    )


async def test_a_model_that_breaks_down_is_no_fault_of_the_member(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """FAILED otherwise: try again."""
    await sandbox.fault(outcome("failed", "CUDA out of memory in worker 7"))

    card = await assert_fails(
        sandbox, mia, "t2v", {"prompt": "a hill"}, "stopped while it made", "Try again"
    )

    assert "CUDA" not in text_of(card)


async def test_a_record_that_expired_is_looked_up_in_the_history(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """The record is gone, the file is not: the video arrives all the same."""
    await sandbox.fault(outcome("expire"))

    await make(mia, "t2v", {"prompt": "a hill whose record is gone"})


@pytest.mark.parametrize("kind", ["error", "cut", "not_json"])
async def test_a_poll_that_fails_does_no_harm(
    sandbox: SandboxProcess, mia: MemberDriver, kind: str
) -> None:
    """It is asked again."""
    await sandbox.fault({"on": "status", "kind": kind})

    await make(mia, "t2v", {"prompt": f"a hill seen through fog ({kind})"})


async def test_a_service_out_of_order_is_waited_for(
    sandbox: SandboxProcess, mia: MemberDriver
) -> None:
    """Polls fail in a row: the log says so once, and once that it is back; the video arrives."""
    before = sandbox.bot_log().count("the video service is out of order")
    await sandbox.fault({"on": "status", "kind": "error", "status": 503, "times": 5})
    prompt = "a hill after the outage"

    await make(mia, "t2v", {"prompt": prompt})

    await sandbox.request_of(prompt)
    log = sandbox.bot_log()
    assert log.count("the video service is out of order") == before + 1
    assert log.count("the video service works again") == before + 1


# -- lost on the way back ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "not_a_video"}, ("could not be fetched as a complete video", "same seed")),
        ({"kind": "error", "status": 404}, ("no longer has this video", "same seed")),
        ({"kind": "oversize", "size_bytes": 300_000_000}, ("could not be fetched",)),
    ],
    ids=["web-page", "gone", "endless"],
)
async def test_a_file_that_is_no_video_fails_and_is_not_posted(
    sandbox: SandboxProcess, mia: MemberDriver, fault: dict[str, Any], words: tuple[str, ...]
) -> None:
    """The provider was paid by the host; the member's credits come back."""
    await sandbox.fault({"on": "download", **fault})
    before = await quota(mia)

    job = await mia.run_command("t2v", {"prompt": "a hill lost on the way"})
    card = await card_showing(mia, job.id, "Failed")

    for word in (*words, "came back"):
        assert word in text_of(card)
    assert not any(is_result(m, job.id) for m in (await sandbox.all_messages()).values())
    assert await quota(mia) == before


@pytest.mark.parametrize("kind", ["truncated", "cut"])
async def test_a_download_that_breaks_off_is_tried_again(
    sandbox: SandboxProcess, mia: MemberDriver, kind: str
) -> None:
    """Half a file is never posted."""
    await sandbox.fault({"on": "download", "kind": kind})

    _, result = await make(mia, "t2v", {"prompt": f"a hill on the second try ({kind})"})

    (attachment,) = files_of(result)
    video = await mia.download(attachment["url"])
    assert video[4:8] == b"ftyp"
    assert is_whole(video)


def is_whole(video: bytes) -> bool:
    """Whether the last box of an MP4 ends where the file ends."""
    at = 0
    while at < len(video):
        at += max(8, int.from_bytes(video[at : at + 4]))
    return at == len(video)


# -- all at once ----------------------------------------------------------------------


async def test_nine_ends_at_once_do_not_mix(mia: MemberDriver) -> None:
    """Each command gets its own end, whatever happens to the others."""
    before = await quota(mia)
    ends = {"forbidden": "Failed", "sandbox-fail": "Failed", "a quiet": "Done"}
    jobs = [
        (await mia.run_command("t2v", {"prompt": f"{word} hill, number {n}"}), end)
        for n in range(3)
        for word, end in ends.items()
    ]

    async with asyncio.TaskGroup() as group:
        for job, end in jobs:
            group.create_task(card_showing(mia, job.id, end))

    after = await quota(mia)
    assert after.used_today - before.used_today == 3 * T2V_CREDITS
    assert after.reserved == 0
