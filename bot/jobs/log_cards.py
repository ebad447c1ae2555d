"""The moderators' cards in log channels: one for a job, posted once, however often it is tried."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.errors import RefusedError
from bot.job import Job
from bot.jobs.moderating_ports import BadCardError, CardStore, LogBoard
from bot.jobs.ports import CannotPostError, PostLaterError

log = logging.getLogger(__name__)

# What was refused is left alone for so long: Discord bans who keeps on asking.
_REFUSED_WAIT = timedelta(minutes=10)


class DecidedError(RefusedError):
    """What a card offers was done already; the text says by whom. `job` is as it stands now."""

    def __init__(self, text: str, job: Job) -> None:
        super().__init__(text)
        self.job = job


class LogCards:
    """Posts the cards and keeps them true; whose cards are wanted is for others to say."""

    def __init__(self, *, store: CardStore, board: LogBoard, now: Callable[[], datetime]) -> None:
        self._store = store
        self._board = board
        self._now = now
        self._posting: set[int] = set()
        self._refused_at: dict[int, datetime] = {}  # by the id of a channel or a job

    async def post(self, job: Job, channel_id: int) -> None:
        """Post the job's card, unless it is there already or Discord refused lately.

        From then on this card, and none in another channel, is kept true. What Discord refuses,
        or cannot do just now, is logged; whoever looks after the card tries again.
        """
        busy = job.id in self._posting or _is_in(job, channel_id)
        if busy or self._refused_lately(channel_id) or self._refused_lately(job.id):
            return
        self._posting.add(job.id)
        try:
            # Whoever called may have read it before another call posted, or it was forgotten.
            known = await self._store.get(job.id)
            if known is None or _is_in(known, channel_id):
                return
            job = known
            message_id = await self._board.post(channel_id, job)
            noted = await self._store.note(
                job.id, log_channel_id=channel_id, log_message_id=message_id
            )
        except CannotPostError as error:
            self._refused_at[job.id if isinstance(error, BadCardError) else channel_id] = (
                self._now()
            )
            log.warning("job %s: log channel %s refused its card: %s", job.id, channel_id, error)
            return
        except PostLaterError as error:
            log.info("job %s: its card for moderators comes later: %s", job.id, error)
            return
        finally:
            self._posting.discard(job.id)
        if _stand(noted) != _stand(job):
            await self.show(noted)  # something happened while the card was on its way

    async def show(self, job: Job) -> bool:
        """Let the card, if there is one, show how the job stands. Never raises.

        Returns:
            False when Discord is in trouble and another try may help.
        """
        return job.log_message_id is None or await self._board.show(job)

    def _refused_lately(self, place_id: int) -> bool:
        refused_at = self._refused_at.get(place_id)
        if refused_at is None:
            return False
        if self._now() - refused_at < _REFUSED_WAIT:
            return True
        del self._refused_at[place_id]
        return False


def _is_in(job: Job, channel_id: int) -> bool:
    return job.log_message_id is not None and job.log_channel_id == channel_id


def _stand(job: Job) -> tuple[object, ...]:
    return job.state, job.removed_at, job.refunded_at
