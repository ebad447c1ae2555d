"""The second click: from a video that was made to the order of the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.catalogue import JsonScalar, Kind, Model, find_model, models_of_kind
from bot.errors import BadInputError, NotFoundError, RefusedError
from bot.i18n import gettext
from bot.job import Job, JobState
from bot.jobs.repeats import Repeats
from bot.jobs.source_files import ParentFile, Remark, Role, SourceFile
from bot.jobs.viewing import Viewer, check_not_removed, may_know, sees
from bot.pricing import PriceTable
from bot.remaking import carried_over, kind_of, options_of

_SHOWN_CHILDREN = 10
# Within the three seconds that a form may take to open.
_LOOKS, _LOOK_EVERY_S = 8, 0.2


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be different in the next video; what is None stays as it was.

    Attributes:
        options: Our option names to the values that the member has chosen instead.
        keeps_seed: Whether the seed stays, too.
        goes_on: Whether the next video begins where this one ends.
        video_url: Where this one's video is, as Discord said with the press; empty: it is asked.
    """

    model: Model | None = None
    prompt: str | None = None
    options: Mapping[str, JsonScalar] = field(default_factory=dict)
    keeps_seed: bool = False
    goes_on: bool = False
    video_url: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Remade:
    """What to order.

    Attributes:
        options: Our option names to values, without the files.
    """

    model: Model
    options: Mapping[str, JsonScalar]
    image: SourceFile | None
    audio: SourceFile | None


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """A job, what it was made from and what was made from it, as far as a viewer may know."""

    job: Job
    parent: Job | None
    children: Sequence[Job]


class FamilyStore(Protocol):
    """The jobs, and which was made from which."""

    async def get(self, job_id: int) -> Job | None:
        """Return the job, or None; also when it was forgotten."""
        ...

    async def made_from(self, job_id: int, *, limit: int) -> list[Job]:
        """Return the jobs that were made from this one, newest first."""
        ...


class AgainDesk:
    """Knows who may use which video, and what becomes of its request. It spends nothing itself."""

    def __init__(
        self,
        *,
        store: FamilyStore,
        prices: PriceTable,
        repeats: Repeats,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Make a desk.

        Args:
            store: The jobs.
            prices: Also says what a model takes.
            repeats: Tells slips of the finger from presses.
            sleep: Waits for a delivery to be written down.
        """
        self._store = store
        self._prices = prices
        self.repeats = repeats
        self._sleep = sleep

    async def seen(self, job_id: int, viewer: Viewer) -> Job:
        """Return a job that the viewer sees where they press.

        Raises:
            NotFoundError: they do not: it is in another place, in somebody's direct messages, or
                was forgotten.
        """
        job = await self._store.get(job_id)
        if job is None or not sees(viewer, job):
            raise NotFoundError(
                gettext(
                    "This video is not known any more, or cannot be seen from here. `/jobs` lists "
                    "your own."
                )
            )
        return job

    async def settled(self, job_id: int, viewer: Viewer) -> Job:
        """Return a job whose video the viewer sees, once its delivery is written down.

        The message is there a moment before that, and some are quick with its buttons.

        Raises:
            NotFoundError: see `seen`.
        """
        job = await self.seen(job_id, viewer)
        for _ in range(_LOOKS):
            if job.state is not JobState.FINISHED:
                break
            await self._sleep(_LOOK_EVERY_S)
            job = await self.seen(job_id, viewer)
        return job

    async def usable(self, job_id: int, viewer: Viewer, *, goes_on: bool = False) -> Job:
        """Return a job from which the viewer may make another; see `seen`.

        Args:
            job_id: The job.
            viewer: Who presses.
            goes_on: Whether the video itself is needed.

        Raises:
            NotFoundError: they do not see it, or its video is gone.
            RefusedError: it was removed, or has not ended.
        """
        job = await self.settled(job_id, viewer)
        check_not_removed(job, viewer)
        if not job.terminal:
            raise RefusedError(
                gettext("This video is still on its way. Wait until it is done, then press again.")
            )
        there = job.state is JobState.DELIVERED and job.removed_at is None
        if goes_on and not there:
            raise NotFoundError(gettext("There is no video to go on from."))
        return job

    def remade(self, job: Job, change: Change, remark: Remark) -> Remade:
        """Return what to order, from a job that is `usable`. Pure: files are found later.

        Args:
            job: What it is made from.
            change: What is to be different.
            remark: Hears, in sentences, what could not be taken over.

        Raises:
            BadInputError: the model is not offered any more, or does not fit.
        """
        source = find_model(job.model)
        model = _model(job, source, change)
        options = options_of(source, job.parameters)
        sound, picture = options.pop("audio", None), options.pop("image", None)
        if not change.keeps_seed:
            options.pop("seed", None)
        if sound is not None and not change.goes_on:  # it belongs to the clip that it was for
            options["audio"] = sound
        carried = carried_over(options, model, self._prices)
        _remark_dropped(source, model, carried.dropped, remark)
        wanted = dict(carried.options)
        has_sound = wanted.pop("audio", None) is not None
        if change.prompt is not None:
            wanted["prompt"] = change.prompt
        return Remade(
            model=model,
            options={**wanted, **change.options},
            image=_picture(job, change) if picture or change.goes_on else None,
            audio=ParentFile(role="sound", job_id=job.id).source if has_sound else None,
        )

    async def lineage(self, job_id: int, viewer: Viewer) -> Lineage:
        """Return a job with what the viewer may know of its family; NotFoundError as `seen`."""
        job = await self.seen(job_id, viewer)
        parent = None if job.parent_id is None else await self._store.get(job.parent_id)
        children = await self._store.made_from(job.id, limit=_SHOWN_CHILDREN)
        return Lineage(
            job=job,
            parent=parent if parent is not None and may_know(viewer, parent) else None,
            children=[child for child in children if may_know(viewer, child)],
        )


def kind_after(job: Job, *, goes_on: bool) -> Kind:
    """Return the kind of model that the next video needs."""
    return "i2v" if goes_on else kind_of(job.model, job.parameters)


def _picture(job: Job, change: Change) -> SourceFile:
    role: Role = "last_frame" if change.goes_on else "picture"
    return ParentFile(role=role, job_id=job.id, video_url=change.video_url).source


def _model(job: Job, source: Model | None, change: Change) -> Model:
    """Return the next video's model.

    Raises:
        BadInputError: it is not offered any more, or does not take what there is.
    """
    kind = kind_after(job, goes_on=change.goes_on)
    model = change.model or source
    if model is None:
        raise BadInputError(
            gettext(
                "The model of this video, `{model}`, is no longer offered. Nothing was charged. "
                "Choose **Other model**, or use `/animate` or `/t2v`."
            ).format(model=job.model.replace("`", "'"))
        )
    if model.kind != kind:
        titles = ", ".join(f"`{one.title}`" for one in models_of_kind(kind))
        raise BadInputError(
            gettext("{model} does not fit this video. Choose one of {models}.").format(
                model=model.title, models=titles
            )
        )
    return model


def _remark_dropped(
    source: Model | None, model: Model, dropped: Sequence[str], remark: Remark
) -> None:
    if source is None:
        remark(
            gettext(
                "The model of that video is no longer offered: only its prompt, picture and seed "
                "were taken over."
            )
        )
    elif dropped:
        names = ", ".join(f"`{name}`" for name in dropped)
        remark(
            gettext(
                "{model} does not take these settings, so they were left out: {options}."
            ).format(model=model.title, options=names)
        )
