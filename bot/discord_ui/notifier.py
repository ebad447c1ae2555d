"""The notifier: the status cards and the posting of results, as the application wants them."""

from bot.discord_ui.card_keeper import CardKeeper
from bot.discord_ui.poster import ChannelPoster

__all__ = ["CardKeeper", "ChannelPoster"]
