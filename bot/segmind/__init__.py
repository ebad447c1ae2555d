"""Segmind's HTTP API: pure decoding of its answers, and a thin client on aiohttp."""

from bot.segmind.client import SegmindClient, make_session
from bot.segmind.failures import inference_failure
from bot.segmind.types import (
    Accepted,
    HistoryPage,
    HistoryRow,
    HistoryStatus,
    Progress,
    ProviderStatus,
    Result,
)

__all__ = [
    "Accepted",
    "HistoryPage",
    "HistoryRow",
    "HistoryStatus",
    "Progress",
    "ProviderStatus",
    "Result",
    "SegmindClient",
    "inference_failure",
    "make_session",
]
