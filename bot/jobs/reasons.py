"""Why a job failed, told by the type of the provider's refusal."""

from bot.errors import (
    ContentBlockedError,
    ForbiddenError,
    InferenceFailedError,
    InsufficientCreditsError,
    ModelRetiredError,
    PermanentError,
    ProviderError,
    SpendLimitError,
    UnauthorizedError,
    UnknownModelError,
)
from bot.job import FailureReason

_REASONS: tuple[tuple[type[ProviderError], FailureReason], ...] = (
    (UnauthorizedError, FailureReason.HOST_KEY),
    (InsufficientCreditsError, FailureReason.HOST_CREDITS),
    (SpendLimitError, FailureReason.HOST_CREDITS),
    (ForbiddenError, FailureReason.HOST_MODEL),
    (UnknownModelError, FailureReason.HOST_MODEL),
    (ModelRetiredError, FailureReason.HOST_MODEL),
    (ContentBlockedError, FailureReason.BLOCKED),
    (InferenceFailedError, FailureReason.INFERENCE),
    (PermanentError, FailureReason.INVALID),
)


def reason_of(error: ProviderError) -> FailureReason:
    """Return why a job failed whose submit the provider refused for good."""
    return next((r for kind, r in _REASONS if isinstance(error, kind)), FailureReason.PROVIDER_DOWN)
