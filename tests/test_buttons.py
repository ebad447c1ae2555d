"""Each button about a job has somebody who answers it."""

from pathlib import Path

from bot.client import VideoBot, cog_names
from bot.discord_ui.buttons import ACTIONS
from bot.discord_ui.services import Services


async def answering(bot: VideoBot, action: str) -> list[str]:
    """Return the listeners that do anything about an action.

    They are given neither an interaction nor services, which whoever answers needs.
    """
    found = []
    for listener in bot.extra_events["on_job_button"]:
        try:
            await listener(None, action, 1)
        except (AttributeError, RuntimeError):
            found.append(listener.__qualname__)
    return found


async def test_each_action_is_answered_by_one_cog(tmp_path: Path) -> None:
    """Several hear of each press: two answers would be one too many, and none a dead button."""

    async def no_services(_: VideoBot) -> Services:
        raise AssertionError("it is never started")

    bot = VideoBot(start_services=no_services, data_dir=tmp_path)
    for name in cog_names():
        await bot.load_extension(name)
    found = {action: await answering(bot, action) for action in ACTIONS}

    assert {action: len(cogs) for action, cogs in found.items()} == dict.fromkeys(ACTIONS, 1)
