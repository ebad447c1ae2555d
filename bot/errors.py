"""Every error the bot raises on purpose, as one tree that carries data.

Two branches: `MemberError` is for the person who typed the command (its text is
shown to them as it is), `ProviderError` is for the workflow (whether to try
again follows from the type, never from reading a text twice).
"""

from dataclasses import dataclass
from datetime import datetime


class BotError(Exception):
    """Base of all errors raised on purpose."""


class ConfigurationError(BotError):
    """The host's settings cannot work; `problems` holds one sentence each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DatabaseAwayError(ConfigurationError):
    """The database does not answer. It may be starting, so the same settings may work later."""


class StaleStateError(BotError):
    """A job's transition is not allowed from the state it is in (somebody was faster).

    Attributes:
        job_id: The job.
        current: The state it is in (a `JobState`); nothing was changed.
        wanted: The state it was to enter.
    """

    def __init__(self, job_id: int, *, current: str, wanted: str) -> None:
        super().__init__(f"job {job_id} is {current} and cannot become {wanted}")
        self.job_id = job_id
        self.current = current
        self.wanted = wanted


class LockLostError(BotError):
    """This process no longer holds its lock: another may have its jobs, it must send nothing."""


class RequestTakenError(BotError):
    """The provider's request id already belongs to another job; nothing was changed."""


class StorageTroubleError(BotError):
    """The database cannot be used just now: locked, full, read-only, out of reach.

    What was to be written is not. It is no fault of the program; trying again later helps.
    """


# -- for members ---------------------------------------------------------------


class MemberError(BotError):
    """Something the member asked for cannot be done; the text says what to do instead.

    Attributes:
        draft_id: What was ordered is kept as this draft, to be changed and sent again.
    """

    draft_id: int | None = None


class BadInputError(MemberError):
    """An option, prompt or file is not what the model takes."""


class RefusedError(MemberError):
    """A rule (quota, permission, pause) says no. The text names the rule and the numbers.

    Attributes:
        rule: Which one, for counting; empty for those that no server and no host has set.
    """

    def __init__(self, text: str, *, rule: str = "") -> None:
        super().__init__(text)
        self.rule = rule


class NotFoundError(MemberError):
    """No such job, or not theirs."""


# -- the provider ---------------------------------------------------------------


@dataclass(eq=False)
class ProviderError(BotError):
    """The provider did not do what was asked.

    Attributes:
        detail: The provider's own words, for logs; never shown to members unedited.
        status: HTTP status, or None when there was no answer.
    """

    detail: str
    status: int | None = None

    def __str__(self) -> str:
        prefix = f"HTTP {self.status}: " if self.status is not None else ""
        return f"{type(self).__name__}: {prefix}{self.detail}"


class PermanentError(ProviderError):
    """Asking again will not help. Nothing was charged."""


class InvalidParametersError(PermanentError):
    """400: malformed body, missing field, unsupported operation; or 406 invalid content type."""


class UnauthorizedError(PermanentError):
    """401: the API key is missing or refused. The host must mend it."""


class ForbiddenError(PermanentError):
    """403: this account may not use the model."""


class UnknownModelError(PermanentError):
    """404 on submit: no such model."""


class UnknownRequestError(PermanentError):
    """404 on a poll or fetch: no such request id, or it has expired."""


class WrongVerbError(PermanentError):
    """405: an HTML page came back; our URL or verb is wrong."""


class InsufficientCreditsError(PermanentError):
    """406: the account's balance is below the model's price."""


class SpendLimitError(PermanentError):
    """406: a team's spend limit is reached."""


class ModelRetiredError(PermanentError):
    """410: the model is gone."""


class InferenceFailedError(PermanentError):
    """FAILED: the inference itself failed."""


class ContentBlockedError(InferenceFailedError):
    """FAILED by the provider's content policy (told only by the text)."""


class BrokenContractError(PermanentError):
    """A 2xx answer that lacks what the protocol promises, or points to a foreign host."""


class NotJsonError(BrokenContractError):
    """A 2xx answer that is no JSON: a page of whatever stands in front of the service."""


class TransientError(ProviderError):
    """Asking again later may help. For a submit see `NeverStartedError` and `UncertainError`."""


class ServerError(TransientError):
    """500: server error. The vendor says that a submit may be repeated."""


class GatewayError(TransientError):
    """502, 504 or an unlisted 5xx: gateway or time-out."""


@dataclass(eq=False)
class RateLimitedError(TransientError):
    """429: wait until the window resets.

    Attributes:
        reset_at: UTC, from `x-rate-limit-reset-at-utc`; None when the header was missing.
    """

    reset_at: datetime | None = None


class NeverStartedError(TransientError):
    """The connection was never made: the request provably did not start."""


class NotReadyError(TransientError):
    """The result was fetched while the request is still queued or running."""


class UncertainError(TransientError):
    """The connection broke or timed out after the request may have gone out.

    For a GET: ask again. For a submit: look into the request history, never repeat.
    """


# -- media ----------------------------------------------------------------------


class MediaError(BotError):
    """A file cannot be downloaded or is not what it should be.

    Permanent, except for `DownloadInterruptedError`.
    """


class DownloadInterruptedError(MediaError):
    """The network or the server broke off, or the file is not whole: worth another try."""


class ExpiredResultError(MediaError):
    """The file is gone (403, 404, 410): its time is over or its address was wrong."""


class TooLargeError(MediaError):
    """The file is larger than it may be."""


class NotAVideoError(MediaError):
    """The downloaded file is no video."""


class CannotShrinkError(MediaError):
    """A smaller copy of a video could not be made; the text is for the log."""


class NoThumbnailError(MediaError):
    """A video yields no small picture; the text is for the log."""


class ForeignHostError(MediaError):
    """The address is not on the list of hosts that files may come from."""


# -- pictures --------------------------------------------------------------------


class ChartError(BotError):
    """A chart could not be drawn; the text is for the log."""
