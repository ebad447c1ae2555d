"""What can be foreseen where the bot is not."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.catalogue import MODELS
from bot.discord_ui.absence import may_be_late

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(("left_s", "late"), [(62.0, True), (63.0, False), (-1.0, True)])
def test_a_model_is_late_when_it_usually_outlives_the_token(left_s: float, *, late: bool) -> None:
    """The first model takes 62.36 seconds."""
    assert may_be_late(MODELS[0], expires_at=NOW + timedelta(seconds=left_s), now=NOW) is late
