"""What members press on jobs that were taken: Drop on the way, Again and Other model at the end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.catalogue import find_model, models_of_kind
from bot.job import DROPPABLE, Job, JobState
from bot.storage import JobStore
from sandbox.chaos.actors import Actors, ids_of, words_of
from sandbox.chaos.plan import Ask
from sandbox.chaos.waiting import until
from sandbox.discord_api.interactions import Interaction
from sandbox.discord_api.store import StoredMessage
from sandbox.discord_api.world import User

_LOOK_EVERY_S = 0.2
_SENT_WITHIN_S = 60.0
_ENDS_WITHIN_S = 240.0
_ANSWER_WITHIN_S = 12.0
_PRESS_AGAIN_AFTER_S = 0.5
_MOST_PRESSES = 60
# How the answer to Drop begins that promises something.
_DROPPED = "Dropped: the video will not be posted."


@dataclass(kw_only=True)
class SecondClicks:
    """Presses them, again when nobody answered.

    Attributes:
        drops: How often Drop was pressed.
        dropped: Jobs of which the member was told that the video is dropped.
        made: Jobs that came of second clicks.
    """

    actors: Actors
    drops: int = 0
    dropped: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    async def drop(self, ask: Ask, job_id: str) -> None:
        """Press Cancel on a job that was sent, and then Drop, once."""
        await until(self._is(job_id, _was_sent), every_s=_LOOK_EVERY_S, within_s=_SENT_WITHIN_S)
        user, card = self.actors.stage.crowd.member_of(ask), self.actors.card(job_id)
        if card is None or f"job:cancel:{job_id}" not in ids_of(card):
            return
        cancel = await self.actors.press(user, card, f"job:cancel:{job_id}")
        offer = None if cancel is None else await self._answered(cancel)
        custom_id = f"job:drop:{job_id}"
        if offer is None or custom_id not in ids_of(offer):
            return
        before = words_of(offer)
        pressed = await self.actors.press(user, offer, custom_id)
        self.drops += pressed is not None

        async def is_told() -> bool:
            return words_of(offer) != before

        await until(is_told, every_s=_LOOK_EVERY_S, within_s=_ANSWER_WITHIN_S)
        if words_of(offer).startswith(_DROPPED):
            self.dropped.append(job_id)

    async def make_another(self, ask: Ask, job_id: str) -> str | None:
        """Press on the result until a job comes of it; return its id, None without a result."""
        await until(self._is(job_id, _has_ended), every_s=_LOOK_EVERY_S, within_s=_ENDS_WITHIN_S)
        for number in range(_MOST_PRESSES):
            found = await self._result(job_id)
            if found is None:
                return None
            interaction = await self._pressed(ask, found, job_id, number)
            if interaction is None:
                return None
            made = await self.actors.settle(interaction, presses=1 + ask.number % 2)
            if made is not None:
                self.made.append(made)
                return made
            await asyncio.sleep(_PRESS_AGAIN_AFTER_S)
        self.actors.given_up.append(ask.number)
        return None

    async def _pressed(
        self, ask: Ask, result: StoredMessage, job_id: str, number: int
    ) -> Interaction | None:
        user = self._who(ask, result)
        model = find_model(ask.model)
        if ask.second == "again" or model is None:
            return await self.actors.press(user, result, f"job:again:{job_id}")
        others = [other.slug for other in models_of_kind(model.kind) if other is not model]
        values = (others[number % len(others)],)
        return await self.actors.press(user, result, f"job:model:{job_id}", values=values)

    def _who(self, ask: Ask, result: StoredMessage) -> User:
        """Return who presses: nobody else sees what was sent to a member directly."""
        crowd = self.actors.stage.crowd
        in_guild = crowd.channel(result.channel_id).guild_id is not None
        return crowd.members[ask.second_member] if in_guild else crowd.member_of(ask)

    async def _result(self, job_id: str) -> StoredMessage | None:
        job = await self._job(job_id)
        if job is None or job.state is not JobState.DELIVERED:
            return None
        found: StoredMessage | None = self.actors.stage.discord.messaging.store.get(
            str(job.result_channel_id), str(job.result_message_id)
        )
        return found

    async def _answered(self, interaction: Interaction) -> StoredMessage | None:
        """Return the answer to a press that only the member sees."""

        async def is_answered() -> bool:
            return self.actors.seen(interaction) is not None

        await until(is_answered, every_s=_LOOK_EVERY_S, within_s=_ANSWER_WITHIN_S)
        return self.actors.card(interaction.id)

    def _is(self, job_id: str, fact: Callable[[Job], bool]) -> Callable[[], Awaitable[bool]]:
        async def is_so() -> bool:
            job = await self._job(job_id)
            return job is not None and fact(job)

        return is_so

    async def _job(self, job_id: str) -> Job | None:
        return await JobStore(self.actors.stage.database).get(int(job_id))


def _was_sent(job: Job) -> bool:
    return job.terminal or job.state in DROPPABLE


def _has_ended(job: Job) -> bool:
    return job.terminal
