"""The answers to /quota, /models and /help: pure views."""

import unicodedata
from collections.abc import Iterator, Sequence

from discord import ui

from bot.catalogue import (
    COMMANDS,
    MODELS,
    REQUIRED_OPTIONS,
    JsonScalar,
    Model,
    ModelOption,
    Parameter,
    models_of_kind,
)
from bot.discord_ui.boxes import BLURPLE, texts_view
from bot.discord_ui.settings_words import value_text
from bot.discord_ui.words import about, bar
from bot.i18n import N_, gettext, ngettext, number_text
from bot.pricing import PriceTable
from bot.quota import Balance
from bot.words import ago, command_name, credits_text, option_name

_DEFAULT_EXCERPT = 24


# -- /quota ----------------------------------------------------------------------


def quota_page(balance: Balance) -> ui.LayoutView:
    """Return what a member may still spend, and when it resets."""
    allowance, usage = balance.allowance, balance.usage
    making = ngettext(
        "{n} video in the making, with {reserved} reserved; at most {most} at once.",
        "{n} videos in the making, with {reserved} reserved; at most {most} at once.",
        usage.in_flight_member,
    ).format(
        n=number_text(usage.in_flight_member),
        reserved=credits_text(usage.reserved_credits),
        most=number_text(allowance.jobs_in_flight_member),
    )
    heading = gettext("{left} left to spend").format(left=credits_text(balance.left))
    small = gettext(
        "-# Reserved credits count as used, and come back if a video fails or is cancelled. "
        "Moderators can raise allowances."
    )
    return texts_view(
        BLURPLE,
        (f"### {heading}", *window_texts(balance), making, small),
    )


def window_texts(balance: Balance) -> tuple[str, ...]:
    """Return what is used and left of the day and of the month, and what else leaves less."""
    allowance, usage = balance.allowance, balance.usage
    day = _window_text(
        gettext("Today"),
        allowance.daily_credits,
        usage.day_credits,
        balance.day_left,
        ago(balance.day.end),
    )
    month = _window_text(
        gettext("This month"),
        allowance.monthly_credits,
        usage.month_credits,
        balance.month_left,
        ago(balance.month.end),
    )
    return (day, month, *_budget_text(balance))


def _budget_text(balance: Balance) -> Iterator[str]:
    """Yield why less is left than the windows and grants show."""
    behind = balance.too_much_undelivered
    if behind is not None and behind.resets_at is not None:
        yield gettext(
            "None of these can be spent now: videos for {used} were made and could not be "
            "delivered, as much as the whole allowance. It ends {when}."
        ).format(used=credits_text(behind.used), when=ago(behind.resets_at))
        return
    own = min(balance.day_left, balance.month_left) + balance.usage.granted_credits
    if balance.left < own:
        server = balance.budget.guild_monthly_credits
        is_server = server is not None and balance.left == max(
            0, server - balance.usage.guild_month_credits
        )
        if is_server:
            words = gettext(
                "Of these, this server's monthly budget leaves only {left}, for everybody together."
            )
        else:
            words = gettext("Of these, this bot's host leaves only {left}, for everybody together.")
        yield words.format(left=credits_text(balance.left))


def _window_text(name: str, limit: int, used: int, left: int, resets: str) -> str:
    share = used / limit if limit else 1.0
    of = gettext("{used} of {limit} used").format(used=number_text(used), limit=credits_text(limit))
    rest = gettext("{left} left · resets {when}").format(left=number_text(left), when=resets)
    return f"**{name}**\n{bar(share)} {of}\n{rest}"


# -- /models ---------------------------------------------------------------------


def models_page(prices: PriceTable) -> ui.LayoutView:
    """Return every model with what it is for, its usual time and its prices."""
    heading = gettext("### Models\n`/models {option}:…` shows every option of one.").format(
        option=option_name("model")
    )
    return texts_view(BLURPLE, (heading, *(_model_text(model, prices) for model in MODELS)))


def _model_text(model: Model, prices: PriceTable) -> str:
    heading = f"**{model.title}** · `/{command_name(COMMANDS[model.kind])}`"
    if models_of_kind(model.kind)[0] is model:
        heading += " " + gettext("(the usual one)")
    facts = f"-# {about(model.typical_s)} · {_price_text(model, prices)}"
    return f"{heading}\n{gettext(model.summary)}\n{facts}"


def _price_text(model: Model, prices: PriceTable) -> str:
    low, high = prices.range_credits(model)
    if low == high:
        return credits_text(low)
    return gettext("{low} to {high}").format(low=number_text(low), high=credits_text(high))


def model_page(model: Model, prices: PriceTable) -> ui.LayoutView:
    """Return one model with a table of its options."""
    rows = [(gettext("option"), gettext("takes"), gettext("when left out"))]
    rows += [(option_name(option.name), *_takes(model, option)) for option in model.options]
    return texts_view(BLURPLE, (_model_text(model, prices), f"```\n{_table(rows)}\n```"))


def _takes(model: Model, option: ModelOption) -> tuple[str, str]:
    parameter = model.parameter(option.parameter)
    default = model.default_of(option.name)
    if option.name in REQUIRED_OPTIONS:
        left_out = gettext("(needed)")
    elif option.random_range is not None:
        left_out = gettext("random")
    else:
        left_out = _short(default)
    return _range_text(option.name, parameter), left_out


def _range_text(name: str, parameter: Parameter) -> str:
    if name in ("image", "audio"):
        return gettext("a file")
    if parameter.choices:
        return ", ".join(value_text(name, choice) for choice in parameter.choices)
    if parameter.minimum is not None and parameter.maximum is not None:
        low, high = number_text(parameter.minimum), number_text(parameter.maximum)
        return gettext("{low} to {high}").format(low=low, high=high)
    if parameter.type == "boolean":
        return gettext("true or false")
    return gettext("a number") if parameter.type in ("integer", "number") else gettext("text")


def _short(value: JsonScalar | None) -> str:
    if isinstance(value, bool):
        return gettext("true") if value else gettext("false")
    text = "" if value is None else str(value)
    if len(text) > _DEFAULT_EXCERPT:
        text = text[: _DEFAULT_EXCERPT - 1] + "…"
    return text or gettext("nothing")


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    widths = [max(_cells(row[column]) for row in rows) for column in range(2)]
    lines = (f"{_padded(a, widths[0])}  {_padded(b, widths[1])}  {c}" for a, b, c in rows)
    return "\n".join(line.rstrip() for line in lines)


def _padded(text: str, cells: int) -> str:
    return text + " " * (cells - _cells(text))


def _cells(text: str) -> int:
    """Return how wide a text is where letters have one width, and Japanese ones two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


# -- /help -----------------------------------------------------------------------


_HELP = (
    N_(
        "### Make a video\n"
        "**From a picture:** `/animate`, attach the picture, and say in `{prompt}` what should "
        "happen: who or what, how it moves, what the camera does.\n"
        "**From a picture somebody posted:** right-click or long-press the message, then Apps, "
        "then **{animate_this}**.\n"
        "**From words alone:** `/t2v`."
    ),
    N_(
        "The card shows how far the video is; the video comes as a reply that mentions you. "
        "Everything but the picture may be left out. The lists of `{model}`, `{duration}` "
        "and `{resolution}` show prices as you choose."
    ),
    N_(
        "Leave `{prompt}` out, and a form asks for the rest. The buttons on a finished video make "
        "it again, change it, or go on from its end; **Tell me by DM** on a card tells you when "
        "it is done. `/history` finds your videos again, `/preset` keeps settings that you like."
    ),
    N_(
        "**See** `/quota` for your credits, `/models` for what each model takes, `/jobs` for your "
        "videos and to cancel one that waits. A video that fails costs nothing."
    ),
)


def help_page() -> ui.LayoutView:
    """Return what to do first, in a few lines."""
    names = {name: option_name(name) for name in ("prompt", "model", "duration", "resolution")}
    menu = command_name("Animate this")
    return texts_view(BLURPLE, [gettext(text).format(animate_this=menu, **names) for text in _HELP])
