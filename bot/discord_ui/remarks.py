"""What the member of a new video should know about it: told to them alone, after all else."""

import asyncio
import logging
from collections.abc import Sequence

from bot.discord_ui.orders import Outcome
from bot.discord_ui.services import Interaction, Services

log = logging.getLogger(__name__)

# Between looks whether the card is there: a word sent before would take its place.
_CARD_LOOKS_S = (0.3, 0.7, 1.0, 2.0, 4.0)


async def say_remarks(
    interaction: Interaction, services: Services, remarks: Sequence[str], outcome: Outcome
) -> None:
    """Say them, if there are any. Never raises: what was ordered must not look failed for it.

    Args:
        interaction: What ordered it.
        services: Know whether its card is there.
        remarks: Whole sentences.
        outcome: What became of the order.
    """
    if not remarks or outcome == "elsewhere":
        return
    try:
        if outcome == "asked" or await _has_card(interaction, services):
            await interaction.followup.send("\n".join(remarks), ephemeral=True)
        else:
            log.info("job %s has no card yet; left unsaid: %s", interaction.id, remarks)
    except Exception:  # Discord's trouble, or the database's
        log.exception("interaction %s: could not be told %s", interaction.id, remarks)


async def _has_card(interaction: Interaction, services: Services) -> bool:
    for wait_s in _CARD_LOOKS_S:
        await asyncio.sleep(wait_s)
        job = await services.store.get(interaction.id)
        if job is None or job.card_message_id is not None:
            return job is not None
    return False
