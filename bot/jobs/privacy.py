"""All that is about forgetting, in one value: the members' desk, and what runs by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.jobs.departures import Departures
from bot.jobs.housekeeping import Housekeeper
from bot.jobs.privacy_desk import PrivacyDesk
from bot.jobs.privacy_ports import (
    ExportingStore,
    ForgettingStore,
    KeptFiles,
    Presence,
    Retentions,
)


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """The desk that members stand at, and what nobody has to ask for."""

    desk: PrivacyDesk
    departures: Departures
    housekeeper: Housekeeper


def open_privacy(
    *,
    forgetting: ForgettingStore,
    exporting: ExportingStore,
    kept: KeptFiles,
    retentions: Retentions,
    presence: Presence,
    host_days: int | None,
    folder: Path,
    now: Callable[[], datetime],
) -> Privacy:
    """Return it.

    Args:
        forgetting: Takes things away.
        exporting: Reads them.
        kept: Videos that wait to be sent again.
        retentions: How long guilds want jobs kept.
        presence: In which guilds the bot is.
        host_days: After how many days the host has jobs forgotten; None: never.
        folder: For files on their way to a member.
        now: The time, aware.
    """
    return Privacy(
        desk=PrivacyDesk(
            forgetting=forgetting, exporting=exporting, kept=kept, folder=folder, now=now
        ),
        departures=Departures(store=forgetting, presence=presence, now=now),
        housekeeper=Housekeeper(
            store=forgetting, retentions=retentions, host_days=host_days, now=now
        ),
    )
