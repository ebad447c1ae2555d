"""The doctor: checks every part of an installation, and says of each fault how to mend it."""

from bot.doctoring.apart import run_apart
from bot.doctoring.diagnosis import Diagnosis, State, all_well
from bot.doctoring.discord_judging import permission_name
from bot.doctoring.discord_rest import Application, DiscordRest
from bot.doctoring.examining import PARTS, examine, examine_without_settings

__all__ = [
    "PARTS",
    "Application",
    "Diagnosis",
    "DiscordRest",
    "State",
    "all_well",
    "examine",
    "examine_without_settings",
    "permission_name",
    "run_apart",
]
