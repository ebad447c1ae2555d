"""What the host reads of faults: short messages in English, fit for a phone. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.discord_ui.limits import CONTENT_CHARS
from bot.discord_ui.words import cut, excerpt
from bot.host_news import Fault, Kind, MigrationNote, News, Phase
from bot.vital_signs import StuckJob
from bot.words import ago, at, clock

_WRONG, _WELL, _NEWS = "🔴", "🟢", "🔵"
_MOST_DETAIL = 200
_MOST_JOBS = 5
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


@dataclass(frozen=True, kw_only=True)
class FaultWords:
    """What to say of one kind of fault; `docs/faults.md` has the whole story.

    Attributes:
        begin: What has happened, as a headline.
        end: That it is over, likewise.
        members: What members see meanwhile.
        host: What to do.
    """

    begin: str
    end: str
    members: str
    host: str


FAULT_WORDS: Mapping[Kind, FaultWords] = {
    Kind.GATEWAY: FaultWords(
        begin="The bot has lost its connection to Discord",
        end="The bot is connected to Discord again",
        members="their commands and buttons get no answer. Videos under way are still delivered.",
        host="nothing yet: it connects again by itself. If it lasts, look at "
        "<https://discordstatus.com> and at the machine's network.",
    ),
    Kind.DATABASE: FaultWords(
        begin="The database cannot be used",
        end="The database works again",
        members="commands are refused for now, and cards say that nothing can be saved. Nothing "
        "is lost or paid twice: all goes on by itself.",
        host="is the disk full, the file locked, the server up? The bot's log has the reason. Do "
        "not restart the bot.",
    ),
    Kind.ENGINE: FaultWords(
        begin="The job engine's tables cannot be used",
        end="The job engine's tables work again",
        members="videos under way stand still. Nothing is lost.",
        host="look at the disk (`engine.sqlite3` in `DATA_DIR`) or at the database's server. The "
        "bot's log has the reason.",
    ),
    Kind.PROVIDER: FaultWords(
        begin="Segmind is out of order",
        end="Segmind works again",
        members="their cards say so, and videos wait in the queue. Nothing is lost or charged.",
        host="nothing: videos go on by themselves. If it lasts, look at Segmind's status page and "
        "at the machine's network.",
    ),
    Kind.KEY: FaultWords(
        begin="Segmind refuses the API key",
        end="Segmind takes the API key again",
        members="every new video fails, and its credits come back.",
        host="make a new key in Segmind's console, set `SEGMIND_API_KEY` and start the bot again. "
        "`python -m bot doctor` checks it.",
    ),
    Kind.BALANCE: FaultWords(
        begin="Segmind's balance is low",
        end="Segmind's balance is enough again",
        members="nothing yet. When it is used up every new video fails, and its credits come back.",
        host="buy credits in Segmind's console.",
    ),
    Kind.CAP_NEAR: FaultWords(
        begin="The month's money is nearly used up",
        end="The month's videos cost well below the limit again",
        members="nothing yet. When it is used up every new video is refused until the month ends.",
        host="raise `MONTHLY_USD_CAP` and start the bot again, if you want to spend more.",
    ),
    Kind.CAP: FaultWords(
        begin="The month's money is used up",
        end="There is money for videos again",
        members="every new video is refused until the month ends. Those under way are finished.",
        host="raise `MONTHLY_USD_CAP` and start the bot again, if you want to spend more.",
    ),
    Kind.STUCK: FaultWords(
        begin="A video is stuck",
        end="No video is stuck any more",
        members="the card stands still, and the credits stay reserved.",
        host="look at it with `python -m bot jobs show {job}`; `jobs retry {job}` lets the bot go "
        "on with one that it has lost. Nothing is paid twice.",
    ),
}


def news_text(news: News, *, process: str = "") -> str:
    """Return a message about a fault.

    Args:
        news: What is to be said.
        process: Which process says it, if there are several.
    """
    words, fault = FAULT_WORDS[news.kind], news.fault
    of = f" ({excerpt(process, 60)})" if process else ""
    if news.phase in (Phase.END, Phase.PAST):
        lines = [f"{_WELL} **{words.end}**{of}", _lasted(fault)]
        if news.phase is Phase.PAST:
            lines.append(f"What it was: {_lower(words.begin)}. It could not be told before.")
        return "\n".join([*lines, *_others(news)])
    still = {Phase.STILL: "Still: ", Phase.MORE: "More of them: "}.get(news.phase, "")
    host = words.host.format(job=fault.jobs[0].id) if fault.jobs else words.host
    return "\n".join(
        [
            f"{_WRONG} **{still}{words.begin}**{of}",
            *_details(news.kind, fault),
            f"Since {at(fault.since)}, {ago(fault.since)}.",
            *_others(news),
            f"**Members:** {words.members}",
            f"**You:** {host}",
        ]
    )


def migration_text(note: MigrationNote) -> str:
    """Return a message about a migration that ran."""
    before, after = excerpt(note.before, 60), excerpt(note.after, 60)
    return "\n".join(
        [
            f"{_NEWS} **Version {excerpt(note.program, 60)} has changed the database's tables**",
            f"From schema {before} to {after}, {at(note.at)}.",
            "**Members:** nothing.",
            f"**You:** nothing. The way back: `python -m bot migrate --to {before}`.",
        ]
    )


def span_words(seconds: float) -> str:
    """Return how long, in the one or two units that matter: "45 s", "12 min", "3 h 5 min"."""
    whole = max(round(seconds), 0)
    if whole < 2 * _MINUTE_S:
        return f"{whole} s"
    days, rest = divmod(whole, _DAY_S)
    hours, minutes = rest // _HOUR_S, rest % _HOUR_S // _MINUTE_S
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _lasted(fault: Fault) -> str:
    until = fault.well_at or fault.since
    seconds = (until - fault.since).total_seconds()
    # The message has the day.
    shown = clock if seconds < _DAY_S / 2 else at
    return f"It lasted {span_words(seconds)}, from {shown(fault.since)} to {shown(until)}."


def _details(kind: Kind, fault: Fault) -> Iterator[str]:
    if kind is Kind.BALANCE:
        yield f"{excerpt(fault.detail, _MOST_DETAIL)} USD are left."
    elif kind in (Kind.CAP, Kind.CAP_NEAR):
        yield f"{excerpt(fault.detail, _MOST_DETAIL)} USD (`MONTHLY_USD_CAP`) are spent."
    elif fault.detail:
        yield f"Found: {excerpt(fault.detail, _MOST_DETAIL)}"
    for job in fault.jobs[:_MOST_JOBS]:
        yield _job_line(job)
    more = len(fault.jobs) - _MOST_JOBS
    if more > 0:
        yield f"- and {more} more: `python -m bot jobs`"


def _job_line(job: StuckJob) -> str:
    where = "direct messages" if job.guild_id is None else f"server {job.guild_id}"
    return (
        f"- `{job.id}`: {job.state.value} since {ago(job.since)}, {excerpt(job.model, 60)}, {where}"
    )


def _others(news: News) -> Iterator[str]:
    if news.missed:
        times = "time" if news.missed == 1 else "times"
        yield f"It had come and gone {news.missed} more {times} since the last message."


def _lower(words: str) -> str:
    """Return a headline within a sentence; a name keeps its capital."""
    return words if words.startswith("Segmind") else words[0].lower() + words[1:]


def fits(text: str) -> str:
    """Return the text as one message takes it."""
    return cut(text, CONTENT_CHARS)
