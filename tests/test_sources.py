"""Until when a member's files can be fetched, read from their signed addresses."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.jobs.sources import usable_until
from tests.storage_kit import new_job

_FILE = "https://cdn.discordapp.com/ephemeral-attachments/1/2/fox.png"
_LATER, _SOONER = f"{_FILE}?ex=6a190000&is=6a17ae80&hm=ab&", f"{_FILE}?ex=6A18F000&is=6a179e80&hm=c"


@pytest.mark.parametrize(
    ("files", "seconds"),
    [
        ({"image": _LATER}, 0x6A190000),
        ({"image": _LATER, "audio": _SOONER}, 0x6A18F000),
        ({"image": "https://images.segmind.com/assets/fox.png", "audio": _SOONER}, 0x6A18F000),
    ],
)
def test_the_first_file_to_go_counts(files: dict[str, str], seconds: int) -> None:
    """As Discord wrote it into the addresses."""
    job = new_job(parameters={"prompt": "a fox", **files})

    assert usable_until(job) == datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"image": None},
        {"image": f"{_FILE}?ex=6a190000"},  # not signed by Discord
        {"image": f"{_FILE}?ex=soon&is=1&hm=2"},
        {"image": f"{_FILE}?ex={'f' * 40}&is=1&hm=2"},
    ],
)
def test_other_addresses_say_nothing(files: dict[str, Any]) -> None:
    """Nor does a job without files; what is malformed raises nothing."""
    assert usable_until(new_job(parameters={"prompt": "a fox", **files})) is None
