"""The answers to /quota, /models and /help: pure views."""

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
from bot.pricing import PriceTable
from bot.quota import Balance
from bot.words import ago, count, credits_text

_DEFAULT_EXCERPT = 24


# -- /quota ----------------------------------------------------------------------


def quota_page(balance: Balance) -> ui.LayoutView:
    """Return what a member may still spend, and when it resets."""
    allowance, usage = balance.allowance, balance.usage
    making = (
        f"{count(usage.in_flight_member, 'video')} in the making, for which "
        f"{credits_text(usage.reserved_credits)} {_is(usage.reserved_credits)} reserved; "
        f"at most {allowance.jobs_in_flight_member:,} at once."
    )
    small = (
        "-# Reserved credits count as used, and come back if a video fails or is cancelled. "
        "Moderators can raise allowances."
    )
    return texts_view(
        BLURPLE,
        (f"### {credits_text(balance.left)} left to spend", *window_texts(balance), making, small),
    )


def window_texts(balance: Balance) -> tuple[str, ...]:
    """Return what is used and left of the day and of the month, and what else leaves less."""
    allowance, usage = balance.allowance, balance.usage
    day = _window_text(
        "Today", allowance.daily_credits, usage.day_credits, balance.day_left, ago(balance.day.end)
    )
    month = _window_text(
        "This month",
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
        yield (
            f"None of these can be spent now: videos for {credits_text(behind.used)} were made and "
            f"could not be delivered, as much as the whole allowance. It ends "
            f"{ago(behind.resets_at)}."
        )
        return
    own = min(balance.day_left, balance.month_left) + balance.usage.granted_credits
    if balance.left < own:
        server = balance.budget.guild_monthly_credits
        is_server = server is not None and balance.left == max(
            0, server - balance.usage.guild_month_credits
        )
        whose = "this server's monthly budget" if is_server else "this bot's host"
        yield f"Of these, {whose} leaves only {credits_text(balance.left)}, for everybody together."


def _window_text(name: str, limit: int, used: int, left: int, resets: str) -> str:
    share = used / limit if limit else 1.0
    return (
        f"**{name}**\n{bar(share)} {used:,} of {credits_text(limit)} used\n"
        f"{left:,} left · resets {resets}"
    )


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


# -- /models ---------------------------------------------------------------------


def models_page(prices: PriceTable) -> ui.LayoutView:
    """Return every model with what it is for, its usual time and its prices."""
    heading = "### Models\n`/models model:…` shows every option of one."
    return texts_view(BLURPLE, (heading, *(_model_text(model, prices) for model in MODELS)))


def _model_text(model: Model, prices: PriceTable) -> str:
    usual = " (the usual one)" if models_of_kind(model.kind)[0] is model else ""
    return (
        f"**{model.title}** · `/{COMMANDS[model.kind]}`{usual}\n{model.summary}\n"
        f"-# {about(model.typical_s)} · {_price_text(model, prices)}"
    )


def _price_text(model: Model, prices: PriceTable) -> str:
    low, high = prices.range_credits(model)
    return credits_text(low) if low == high else f"{low:,} to {credits_text(high)}"


def model_page(model: Model, prices: PriceTable) -> ui.LayoutView:
    """Return one model with a table of its options."""
    rows = [("option", "takes", "when left out")]
    rows += [(option.name, *_takes(model, option)) for option in model.options]
    return texts_view(BLURPLE, (_model_text(model, prices), f"```\n{_table(rows)}\n```"))


def _takes(model: Model, option: ModelOption) -> tuple[str, str]:
    parameter = model.parameter(option.parameter)
    default = model.default_of(option.name)
    if option.name in REQUIRED_OPTIONS:
        left_out = "(needed)"
    elif option.random_range is not None:
        left_out = "random"
    else:
        left_out = _short(default)
    return _range_text(option.name, parameter), left_out


def _range_text(name: str, parameter: Parameter) -> str:
    if name in ("image", "audio"):
        return "a file"
    if parameter.choices:
        return ", ".join(value_text(name, choice) for choice in parameter.choices)
    if parameter.minimum is not None and parameter.maximum is not None:
        return f"{parameter.minimum:g} to {parameter.maximum:g}"
    if parameter.type == "boolean":
        return "true or false"
    return "a number" if parameter.type in ("integer", "number") else "text"


def _short(value: JsonScalar | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else str(value)
    if len(text) > _DEFAULT_EXCERPT:
        text = text[: _DEFAULT_EXCERPT - 1] + "…"
    return text or "nothing"


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = (f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows)
    return "\n".join(line.rstrip() for line in lines)


# -- /help -----------------------------------------------------------------------


_HELP = (
    """### Make a video
**From a picture:** `/animate`, attach the picture, and say in `prompt` what should happen: \
who or what, how it moves, what the camera does.
**From a picture somebody posted:** right-click or long-press the message, then Apps, then \
**Animate this**.
**From words alone:** `/t2v`.""",
    """The card shows how far the video is; the video comes as a reply that mentions you. \
Everything but picture and prompt may be left out. The lists of `model`, `duration` and \
`resolution` show prices as you choose.""",
    """**See** `/quota` for your credits, `/models` for what each model takes, `/jobs` for your \
videos and to cancel one that waits. A video that fails costs nothing.""",
)


def help_page() -> ui.LayoutView:
    """Return what to do first, in a few lines."""
    return texts_view(BLURPLE, _HELP)
