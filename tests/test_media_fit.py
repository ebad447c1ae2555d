"""The plan by which a video is made to fit: never over the limit, never larger than it was."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.media import FitPlan, plan_fit

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A video on paper."""

    duration_s: float = 15.0
    size_bytes: int = 60_000_000
    width: int = 1920
    height: int = 1080
    pictures_per_s: float = 24.0
    has_sound: bool = False


VIDEOS = st.builds(
    Facts,
    duration_s=st.floats(0.1, 600),
    size_bytes=st.integers(1, 200_000_000),
    width=st.integers(2, 4096),
    height=st.integers(2, 4096),
    pictures_per_s=st.floats(1, 120),
    has_sound=st.booleans(),
)
LIMITS = st.integers(1, 100 * MIB)


def planned(video: Facts, limit_bytes: int) -> FitPlan:
    """Return the plan that there must be."""
    plan = plan_fit(video, limit_bytes)
    assert plan is not None
    return plan


@given(video=VIDEOS, limit_bytes=LIMITS)
def test_a_plan_keeps_its_promises(video: Facts, limit_bytes: int) -> None:
    """Below the limit with room to spare, even, no larger or faster than it was, watchable."""
    plan = plan_fit(video, limit_bytes)
    if plan is None:
        return
    streams_bytes = (plan.video_bps + plan.sound_bps) * video.duration_s / 8

    assert streams_bytes < plan.planned_bytes <= limit_bytes * 0.97
    assert (plan.width % 2, plan.height % 2) == (0, 0)
    assert 2 <= plan.width <= video.width
    assert 2 <= plan.height <= video.height
    assert plan.pictures_per_s <= min(30, video.pictures_per_s)
    assert plan.video_bps <= video.size_bytes * 8 / video.duration_s
    bits = plan.video_bps / plan.pictures_per_s / (plan.width * plan.height)
    assert bits >= 0.025
    assert (plan.sound_bps > 0) == video.has_sound


@given(video=VIDEOS, limit_bytes=LIMITS, more_bytes=st.integers(1, 50 * MIB))
def test_more_room_is_never_worse(video: Facts, limit_bytes: int, more_bytes: int) -> None:
    """What fits in less fits in more, at least as large and with as many bits a picture."""
    less, more = plan_fit(video, limit_bytes), plan_fit(video, limit_bytes + more_bytes)
    if less is None:
        return

    assert more is not None
    assert more.width >= less.width
    assert more.sound_bps >= less.sound_bps


@given(width=st.integers(200, 4096), height=st.integers(200, 4096), limit=st.integers(1, 20))
def test_the_shape_stays(width: int, height: int, limit: int) -> None:
    """Scaled alike in both directions, but for the rounding to even numbers."""
    plan = plan_fit(Facts(width=width, height=height), limit * MIB)
    if plan is None:
        return

    assert plan.width / width == pytest.approx(plan.height / height, abs=2 / min(width, height))


@pytest.mark.parametrize(
    ("video", "limit_bytes", "size"),
    [
        (Facts(), 10 * MIB, (1920, 1080)),
        (Facts(), 50 * MIB, (1920, 1080)),
        (Facts(width=1080, height=1920), 5 * MIB, (900, 1600)),
        (Facts(duration_s=60.0), 10 * MIB, (1280, 720)),
        (Facts(duration_s=600.0), 10 * MIB, (426, 240)),
        (Facts(width=854, height=480, duration_s=5.0), 2 * MIB, (854, 480)),
    ],
)
def test_the_size_is_what_the_bits_are_enough_for(
    video: Facts, limit_bytes: int, size: tuple[int, int]
) -> None:
    """Full HD where it can be, smaller where it would be mush."""
    plan = planned(video, limit_bytes)

    assert (plan.width, plan.height) == size


def test_sound_takes_a_small_part() -> None:
    """Good where there is room, plain where there is not."""
    roomy = planned(Facts(has_sound=True), 10 * MIB)
    tight = planned(Facts(has_sound=True, width=320, height=240), MIB // 3)

    assert roomy.sound_bps == 128_000
    assert tight.sound_bps == 32_000


def test_a_high_frame_rate_is_halved() -> None:
    """Sixty pictures a second become thirty, fifty become twenty-five."""
    assert planned(Facts(pictures_per_s=60.0), 10 * MIB).pictures_per_s == 30
    assert planned(Facts(pictures_per_s=50.0), 10 * MIB).pictures_per_s == 25


@pytest.mark.parametrize(
    ("video", "limit_bytes"),
    [
        (Facts(), 100),
        (Facts(), 60_000),
        (Facts(duration_s=3600.0), 10 * MIB),
        (Facts(duration_s=0.0), 10 * MIB),
        (Facts(width=0), 10 * MIB),
    ],
)
def test_what_could_not_be_watched_has_no_plan(video: Facts, limit_bytes: int) -> None:
    """Then it is a link."""
    assert plan_fit(video, limit_bytes) is None
