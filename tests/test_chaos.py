"""The chaos harness in small: a run with kills, and a kill at some commits of one job."""

import json
import sys
from pathlib import Path

import pytest

from sandbox.chaos import commits
from sandbox.chaos.__main__ import main

pytestmark = pytest.mark.end_to_end


def test_a_small_run_keeps_every_promise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Thirty commands of all models, three kills, faults at every edge: the books are equal.

    Some videos are dropped, some made again; some guilds have their members say yes to prices.
    """
    code = main(
        ["--jobs", "30", "--kills", "3", "--seed", "7", "--speed", "90", "--folder", str(tmp_path)]
    )

    figures = json.loads(capsys.readouterr().out)
    assert figures["offenders"] == [], json.dumps(figures["histories"], indent=1)
    assert code == 0
    happened = figures["happened"]
    assert happened["prices_said_yes_to"] > happened["second_clicks_made"] > 0
    assert figures["jobs"]["accepted"] >= 30 + happened["second_clicks_made"]
    assert figures["lost"] == 0
    assert figures["provider"]["most_posts_per_job"] == 1
    assert figures["videos"]["messages"] == figures["videos"]["delivered_jobs"] > 15
    assert figures["happened"]["kills"] == 3
    assert figures["happened"]["starts"] == 4
    assert figures["ended_by_itself"] == []
    searched = figures["searched_for_secrets"]
    assert searched["files"] > 30
    assert searched["commands"] == 7
    assert min(searched["pages"], searched["messages"], searched["rows"]) > 0
    # There is such a list on Linux.
    assert searched.get("command lines", 0) > 0 or sys.platform != "linux"


async def test_a_kill_at_a_commit_of_the_job_ends_it_once(tmp_path: Path) -> None:
    """Just after the intent to send, the sending, and the settlement were written down."""
    async with commits.prepared(tmp_path, None) as killing:
        whole = await killing.point("t2v", "after", 0)
        of_job = [n for n, what in enumerate(killing.changes(), start=1) if "UPDATE job" in what]
        settles = next(
            n for n, what in enumerate(killing.changes(), 1) if "ledger" in what and n > 1
        )
        points = [await killing.point("t2v", "after", at) for at in (of_job[0], of_job[1], settles)]

    assert (whole.killed, whole.end, whole.violations) == (False, "delivered", [])
    assert [point.killed for point in points] == [True, True, True]
    assert [point.violations for point in points] == [[], [], []]
    assert all(point.end in {"delivered", "failed"} for point in points)
