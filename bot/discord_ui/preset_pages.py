"""Presets in words, and the page that lists them. Pure."""

from collections.abc import Sequence

from discord import ui
from discord.app_commands import Choice

from bot.asking import PRESET_NAME_CHARS, NewPreset, Preset, key_of, used_options
from bot.discord_ui.boxes import BLURPLE, GREY, texts_view
from bot.discord_ui.confirming import options_text
from bot.discord_ui.limits import CHOICE_NAME_CHARS, CHOICES
from bot.discord_ui.settings_words import model_title
from bot.discord_ui.words import cut, excerpt, one_line
from bot.errors import BadInputError
from bot.i18n import gettext
from bot.job import Job

# As many as there may be fit into one message.
_LINE_CHARS = 140
_WORDS_CHARS = 40


def preset_of(job: Job, name: str, *, with_prompt: bool) -> NewPreset:
    """Return what is saved of a job.

    Raises:
        BadInputError: the name is empty or too long.
    """
    options = used_options(job.model, job.parameters) | (
        {"prompt": job.prompt} if with_prompt else {}
    )
    return NewPreset(
        user_id=job.user_id, name=_checked_name(name), model=job.model, options=options
    )


def _checked_name(name: str) -> str:
    line = one_line(name)
    if not any(one.isprintable() and not one.isspace() for one in line):
        raise BadInputError(gettext("A preset needs a name. Give it one, such as `slow zoom`."))
    if len(line) > PRESET_NAME_CHARS:
        text = gettext("A preset's name may have {most} characters; this one has {length}.")
        raise BadInputError(text.format(most=PRESET_NAME_CHARS, length=len(line)))
    return line


def saved_text(preset: Preset) -> str:
    """Return the answer to saving one."""
    text = gettext("Saved as **{name}**: {settings}\n`/preset use` makes a video with it.")
    return text.format(name=excerpt(preset.name, 2 * PRESET_NAME_CHARS), settings=_settings(preset))


def deleted_text(preset: Preset) -> str:
    """Return the answer to deleting one."""
    name = excerpt(preset.name, 2 * PRESET_NAME_CHARS)
    return gettext("The preset **{name}** is deleted.").format(name=name)


def presets_page(presets: Sequence[Preset]) -> ui.LayoutView:
    """Return a member's presets, one a line."""
    if not presets:
        nothing = gettext(
            "### No presets yet\n`/preset save` keeps the settings of your last video under a name."
        )
        return texts_view(GREY, [nothing])
    title = gettext("### Your presets")
    foot = gettext("-# `/preset use` makes a video with one, `/preset delete` removes one.")
    return texts_view(BLURPLE, [title, "\n".join(_line(preset) for preset in presets), foot])


def _line(preset: Preset) -> str:
    name = excerpt(preset.name, 2 * PRESET_NAME_CHARS)
    return cut(f"**{name}** · {_settings(preset)}", _LINE_CHARS)


def _settings(preset: NewPreset) -> str:
    parts = [model_title(preset.model), options_text(preset.options)]
    if "prompt" in preset.options:
        parts.append("“" + excerpt(str(preset.options["prompt"]), _WORDS_CHARS) + "”")
    return " · ".join(part for part in parts if part)


def preset_choices(presets: Sequence[Preset], typed: str) -> list[Choice[str]]:
    """Return the presets whose name contains what was typed."""
    wanted = key_of(typed)
    found = [preset for preset in presets if wanted in key_of(preset.name)]
    return [
        Choice(
            name=cut(f"{preset.name} · {model_title(preset.model)}", CHOICE_NAME_CHARS),
            value=preset.name,
        )
        for preset in found[:CHOICES]
    ]
