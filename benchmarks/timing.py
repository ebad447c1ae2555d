"""When an interaction is sent to a bot, and when its answer arrives, as the stand-in sees it."""

import time

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.interactions import Interaction, Interactions
from sandbox.discord_api.wire import Json


class TimedInteractions(Interactions):
    """The stand-in's interactions, which take the time when a callback arrives."""

    def __init__(self, stand_in: DiscordStandIn) -> None:
        super().__init__(stand_in.hub.clock, stand_in.hub.ids)
        self.sent_s: dict[str, float] = {}
        self.arrived_s: dict[str, float] = {}

    def took_s(self, interaction_id: str) -> float | None:
        """Return how long an answer took; None when none has come."""
        arrived_s = self.arrived_s.get(interaction_id)
        return None if arrived_s is None else arrived_s - self.sent_s[interaction_id]

    def note_sent(self, payload: Json) -> None:
        """Take the time of an interaction on its way to the bot."""
        if payload["t"] == "INTERACTION_CREATE":
            self.sent_s[payload["d"]["id"]] = time.monotonic()

    def answer(self, interaction_id: str, token: str) -> Interaction:
        """Take the time of a callback before anything is looked at."""
        self.arrived_s.setdefault(interaction_id, time.monotonic())
        return super().answer(interaction_id, token)
