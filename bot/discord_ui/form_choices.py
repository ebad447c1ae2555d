"""What the form for the rest of an order shows as chosen, and what it means to let that stand.

Pure. The form cannot change while it is open: it offers the values of all models.
"""

from bot.asking import Draft, Options, is_choice, taken_values
from bot.catalogue import JsonScalar, Kind, Model, models_of_kind
from bot.discord_ui.settings_words import value_key

PROMPT, MODEL = "prompt", "model"
# With words, a picture and the model they are the five inputs that a form may have.
_ASKED = ("duration", "aspect_ratio", "resolution")


def asked_options(kind: Kind) -> list[str]:
    """Return the options that the form of a kind asks for."""
    return [name for name in _ASKED if is_choice(kind, name)]


def with_offers(draft: Draft, last: Options) -> Draft:
    """Return the draft with what its form shall show as chosen.

    That is what was given, else used last, else usual: the form shows what will be made.

    Args:
        draft: What was given so far.
        last: What the member chose last for the command: `model` and options.
    """
    model = _first_choice(draft, str(last.get(MODEL, "")))
    offered: dict[str, JsonScalar] = {MODEL: model.slug}
    for name in asked_options(draft.kind):
        value = draft.options.get(name, last.get(name) if model.slug == last.get(MODEL) else None)
        if value is None or (name not in draft.options and not takes(model, name, value)):
            value = _usual(model, name)
        if value is not None:
            offered[name] = value
    return draft.model_copy(update={"offered": offered})


def _usual(model: Model, option: str) -> JsonScalar | None:
    """Return what a model makes when nothing is said."""
    if model.option(option) is not None:
        return model.default_of(option)
    return next(iter(values_of(model, option)), None)


def values_of(model: Model, option: str) -> tuple[JsonScalar, ...]:
    """Return all values of an option that a model makes: of its only length, there is one."""
    if option == "duration" and model.fixed_duration_s is not None:
        return (round(model.fixed_duration_s),)
    return taken_values(model, option)


def _first_choice(draft: Draft, last: str) -> Model:
    """Return the model that was given; else the first that takes what was, the last one before."""
    models = models_of_kind(draft.kind)
    for model in models:
        if model.slug == draft.model:
            return model
    given = set(draft.options) - {PROMPT} | ({"audio"} if draft.audio else set())
    fitting = [m for m in models if all(m.option(name) for name in given)]
    return min(fitting or models, key=lambda model: model.slug != last)


def takes(model: Model, option: str, value: JsonScalar) -> bool:
    """Tell whether a model makes what a value says, however that is written."""
    wanted = value_key(option, value)
    return any(value_key(option, made) == wanted for made in values_of(model, option))


def let_stand(draft: Draft, model: Model, option: str, value: JsonScalar) -> bool:
    """Tell whether nothing was asked for: the model's own length, or what stood there already.

    What the form had chosen for one model says nothing about another that does not take it.
    """
    if option not in asked_options(draft.kind):
        return False
    if takes(model, option, value):
        return model.option(option) is None
    shown = draft.offered.get(option)
    same = shown is not None and value_key(option, shown) == value_key(option, value)
    return same and model.slug != draft.offered.get(MODEL)
