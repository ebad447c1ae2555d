"""Buttons whose meaning lives in their `custom_id`, so that they survive restarts."""

import re
from typing import Any, Self

import discord
from discord import ui


class JobButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=r"job:(?P<action>cancel|show|send):(?P<id>[0-9]+)",
):
    """A button about one job.

    The view knows no services: a press becomes the client's own event `job_button`
    (interaction, action, job id), for which a cog listens.
    """

    def __init__(self, action: str, job_id: int, *, label: str, style: discord.ButtonStyle) -> None:
        super().__init__(
            ui.Button(label=label, style=style, custom_id=f"job:{action}:{job_id}"),
        )
        self.action = action
        self.job_id = job_id

    @classmethod
    def cancel(cls, job_id: int) -> Self:
        """Return the button that takes a waiting job back."""
        return cls("cancel", job_id, label="Cancel", style=discord.ButtonStyle.secondary)

    @classmethod
    def show(cls, job_id: int) -> Self:
        """Return the button that shows a job's details."""
        return cls("show", job_id, label="Details", style=discord.ButtonStyle.secondary)

    @classmethod
    def send(cls, job_id: int) -> Self:
        """Return the button that sends an undelivered video again."""
        return cls("send", job_id, label="Send again", style=discord.ButtonStyle.primary)

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[Any],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the button that was pressed, from its id alone."""
        makers = {"cancel": cls.cancel, "show": cls.show, "send": cls.send}
        return makers[match["action"]](int(match["id"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Pass the press on to whoever listens."""
        interaction.client.dispatch("job_button", interaction, self.action, self.job_id)
