"""Commands as a member's client gets them: with names and descriptions in its language. Pure."""

from sandbox.discord_api.wire import Json

_TEXTS = ("name", "description")
_PARTS = ("options", "choices")


def localised(node: Json, locale: str) -> Json:
    """A command, option or choice with `name_localized` and `description_localized`.

    Those are there where the bot gave one for the locale, as in Discord's own index; what is in
    it is treated likewise.
    """
    made = dict(node)
    for key in _TEXTS:
        text = (node.get(f"{key}_localizations") or {}).get(locale)
        if text is not None:
            made[f"{key}_localized"] = text
    for key in _PARTS:
        if node.get(key):
            made[key] = [localised(part, locale) for part in node[key]]
    return made
