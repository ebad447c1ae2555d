"""What a crowd does that could slow others down; each act goes on until it is cancelled."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.crowd_seed import filter_list
from benchmarks.crowd_talk import Talk
from sandbox.discord_api.interactions import Interaction
from sandbox.discord_api.store import StoredMessage
from sandbox.discord_api.world import Channel, User

FLOOD_PER_S = 30
ANSWER_WITHIN_S = 20.0
# A moderator, and whoever leafs, looks at a page before going on.
LOOKS_S = 0.3

Act = Callable[["Stage"], Awaitable[None]]


@dataclass(kw_only=True)
class Stage:
    """Who acts, and where.

    Attributes:
        moderator: May do everything on the server.
        flooder: Sends whatever can be sent.
        leafing: Members with a long history.
        channel: Where all of it happens: a channel of the server with many roles.
        picture: What the flooder attaches.
        done: How many answers the acts of this moment have had.
        asked: Interactions of this moment's acts.
    """

    talk: Talk
    moderator: User
    flooder: User
    leafing: list[User]
    channel: Channel
    picture: Path
    done: int = 0
    asked: list[Interaction] = field(default_factory=list)

    async def answer(self, interaction: Interaction) -> StoredMessage | None:
        """Wait for an answer, count it, and look at it."""
        message = await self.talk.wait(interaction, within_s=ANSWER_WITHIN_S)
        self.done += message is not None
        await asyncio.sleep(LOOKS_S)
        return message


async def idle(_stage: Stage) -> None:
    """Nobody does anything."""
    await asyncio.Event().wait()


async def flood(stage: Stage) -> None:
    """One member sends 30 commands, presses and typed letters a second."""
    talk, who, where = stage.talk, stage.flooder, stage.channel
    opened = await talk.command(who, where, "history")
    await talk.wait(opened, within_s=ANSWER_WITHIN_S)
    began_s = asyncio.get_running_loop().time()
    for number in itertools.count():
        match number % 10:
            case 0:
                asked = await talk.command(
                    who, where, "animate", image=stage.picture, prompt=f"fox {number}"
                )
            case 2 | 6:
                asked = await talk.command(who, where, "t2v", prompt=f"a flood, number {number}")
            case 4:
                asked = await _press_or(talk, who, where, opened)
            case 5:
                asked = await talk.command(who, where, "privacy", "export")
            case 8:
                asked = await talk.command(who, where, "quota")
            case _:
                asked = await talk.command(who, where, "t2v", typing="model", model="", prompt="a")
        stage.asked.append(asked)
        due_s = began_s + (number + 1) / FLOOD_PER_S
        await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))


async def _press_or(talk: Talk, who: User, where: Channel, opened: Interaction) -> Interaction:
    """Leaf on in the page that an interaction opened; open another while it is being changed."""
    message = talk.shown(opened)
    button = None if message is None else talk.button(message, "history:older")
    if message is None or button is None:
        return await talk.command(who, where, "history")
    return await talk.press(who, where, button, message.id)


async def paste(stage: Stage) -> None:
    """A moderator pastes long lists into the filter until it is full, and then looks at it."""
    talk, who, where = stage.talk, stage.moderator, stage.channel
    for number in itertools.count():
        opened = await talk.command(who, where, "video-admin", "filter", "paste")
        stage.asked.append(opened)
        await stage.answer(opened)
        filled = await talk.fill_in(who, where, opened, "list", filter_list(number % 4))
        stage.asked.append(filled)
        await stage.answer(filled)
        for path, options in ((("list",), {}), (("test",), {"text": "a fox " * 300})):
            asked = await talk.command(who, where, "video-admin", "filter", *path, **options)
            stage.asked.append(asked)
            await stage.answer(asked)


async def roles(stage: Stage) -> None:
    """A moderator looks through the pages about 500 roles."""
    talk, who, where = stage.talk, stage.moderator, stage.channel
    while True:
        for path in (("setup",), ("allowance", "list"), ("policy",)):
            asked = await talk.command(who, where, "video-admin", *path)
            stage.asked.append(asked)
            message = await stage.answer(asked)
            for start in ("admin:page:models", "admin:page:allowances:", "admin:page:models:"):
                button = None if message is None else talk.button(message, start)
                if message is not None and button is not None:
                    pressed = await talk.press(who, where, button, message.id)
                    stage.asked.append(pressed)
                    message = await stage.answer(pressed)


async def leaf(stage: Stage) -> None:
    """Members leaf through 100 pages of videos each, and look at their newest jobs."""
    await asyncio.gather(*(_leaf(stage, who) for who in stage.leafing))


async def _leaf(stage: Stage, who: User) -> None:
    talk, where = stage.talk, stage.channel
    while True:
        for command in ("jobs", "history"):
            asked = await talk.command(who, where, command)
            stage.asked.append(asked)
            message = await stage.answer(asked)
        while message is not None:
            button = talk.button(message, "history:older")
            if button is None:
                break
            asked = await talk.press(who, where, button, message.id)
            stage.asked.append(asked)
            message = await stage.answer(asked)


async def stats(stage: Stage) -> None:
    """A moderator has a year with 10,000 videos counted and drawn, and takes the ledger along."""
    talk, who, where = stage.talk, stage.moderator, stage.channel
    while True:
        asked = await talk.command(who, where, "video-admin", "stats", days=366)
        stage.asked.append(asked)
        message = await stage.answer(asked)
        button = None if message is None else talk.button(message, "admin:csv:ledger")
        if message is not None and button is not None:
            pressed = await talk.press(who, where, button, message.id)
            stage.asked.append(pressed)
            await stage.answer(pressed)
