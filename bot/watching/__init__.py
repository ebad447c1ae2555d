"""For the host's eyes: is the bot alive, is it ready, and Prometheus's metrics, over HTTP."""

from bot.watching.lag import LagTotals
from bot.watching.pages import Pages
from bot.watching.probe import Probe
from bot.watching.server import watch_server
from bot.watching.tally import Tally

__all__ = ["LagTotals", "Pages", "Probe", "Tally", "watch_server"]
