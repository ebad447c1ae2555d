"""Checks the settings themselves: whether they can be loaded, and who else can read them."""

import os
import stat
from pathlib import Path

from bot.doctoring.diagnosis import Diagnosis, hint, well, wrong
from bot.errors import ConfigurationError
from bot.settings import Settings

PART = "settings"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Where the two come from that nobody can guess.
_REMEDIES = {
    "DISCORD_TOKEN": "It comes from Discord's developer portal: your application, Bot page, Reset "
    "Token.",
    "SEGMIND_API_KEY": "It comes from Segmind's console: API keys.",
}
_REMEDY = "Correct it in .env or in the environment; .env.example explains every setting."


def settings_trouble(error: ConfigurationError) -> list[Diagnosis]:
    """Return a diagnosis for each setting that is missing or wrong."""
    return [wrong(PART, problem, _remedy(problem)) for problem in error.problems]


def _remedy(problem: str) -> str:
    named = (remedy for name, remedy in _REMEDIES.items() if problem.startswith(name))
    return next(named, _REMEDY)


def check_settings(settings: Settings, env_file: Path | None) -> Diagnosis:
    """Look who can read the file with the secrets. Blocking.

    Args:
        settings: Loaded.
        env_file: The file they come from, if any.
    """
    count = len(type(settings).model_fields)
    if env_file is None or not env_file.exists():
        return well(PART, f"all {count} can be used; they come from the environment")
    if os.name == "posix" and env_file.stat().st_mode & _OTHERS:
        return hint(
            PART,
            f"all {count} can be used, but other users of this machine can read {env_file}, with "
            "the token and the key.",
            f"Run: chmod 600 {env_file}",
        )
    return well(PART, f"all {count} can be used; they come from {env_file} and the environment")
