"""The values that labels may have. Each one is a time series for good, so there are few of them."""

from bot.catalogue import MODELS
from bot.errors import (
    BadInputError,
    MemberError,
    NotFoundError,
    PermanentError,
    ProviderError,
    RateLimitedError,
    RefusedError,
)
from bot.moderation import ModerationRule
from bot.quota import Rule

OTHER = "other"
MODEL_VALUES = frozenset({model.slug for model in MODELS} | {OTHER})
# What a refusal is about that no rule of a server or of the quota stands for.
_GATE_RULES = frozenset({"direct_messages", "nobody_to_ask", "too_fast"})
_RULES = frozenset({rule.value for rule in (*ModerationRule, *Rule)} | _GATE_RULES)
RULE_VALUES = _RULES | {"bad_input", "not_found", OTHER}
# The calls that `bot.jobs.watched_provider` tells of.
CALL_VALUES = frozenset({"submit", "poll", "fetch", "history", "balance", "upload"})
PRESS_VALUES = frozenset({"button", "form"})
OUTCOME_VALUES = frozenset({"ok", "rate_limited", "refused", "trouble"})
_MOST_STATUS, _LEAST_STATUS = 599, 100


def model_label(slug: str) -> str:
    """Return a model of the catalogue, or "other": one that an older version had."""
    return slug if slug in MODEL_VALUES else OTHER


def rule_label(error: MemberError) -> str:
    """Return which rule refused a member."""
    if isinstance(error, BadInputError):
        return "bad_input"
    if isinstance(error, NotFoundError):
        return "not_found"
    if isinstance(error, RefusedError) and error.rule in _RULES:
        return error.rule
    return OTHER


def outcome_label(error: ProviderError | None) -> str:
    """Return how a call to the provider ended; None: it went well."""
    if error is None:
        return "ok"
    if isinstance(error, RateLimitedError):
        return "rate_limited"
    return "refused" if isinstance(error, PermanentError) else "trouble"


def status_label(status: int) -> str:
    """Return the kind of an HTTP answer: 2xx, 4xx, ...; 429 alone by itself."""
    if status == 429:  # noqa: PLR2004 - Too Many Requests: what a host looks for
        return "429"
    return f"{status // 100}xx" if _LEAST_STATUS <= status <= _MOST_STATUS else OTHER
