"""The request history: how a client finds out what became of a submit it lost sight of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.segmind_api import answers
from sandbox.segmind_api.context import CONTEXT, output_url
from sandbox.segmind_api.records import Record, Status

DEFAULT_DAYS = 7
MAX_DAYS = 31
DEFAULT_ROWS = 20
MAX_ROWS = 100
STATES = frozenset({"COMPLETED", "FAILED", "PENDING"})
SORT_FIELDS = frozenset({"model_created", "model_name", "credits_deduction"})

routes = web.RouteTableDef()


class BadQueryError(Exception):
    """A filter of the history cannot be used; the text says which."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """The filters and the page asked for; both dates are inclusive, in UTC."""

    page: int
    per_page: int
    from_date: date
    to_date: date
    model_name: str
    status: str | None
    sort_by: str
    descending: bool


@routes.get("/inference-request/request-history", name="history")
async def history(request: web.Request) -> web.Response:
    """List the account's requests, in-flight and failed ones included."""
    context = request.app[CONTEXT]
    today = datetime.fromtimestamp(context.store.clock(), UTC).date()
    try:
        query = parse_query(request.query, today)
    except BadQueryError as error:
        return answers.error(400, str(error))
    records = select(context.store.records.values(), query)
    start = (query.page - 1) * query.per_page
    rows = [row(request, record) for record in records[start : start + query.per_page]]
    return web.json_response(
        {
            "data": rows,
            "page": query.page,
            "per_page": query.per_page,
            "total": len(records),
            "total_pages": -(-len(records) // query.per_page),
        }
    )


@routes.get("/inference-request/request-history/{request_id}", name="history_row")
async def history_row(request: web.Request) -> web.Response:
    """Return one request, whatever its age."""
    request_id = request.match_info["request_id"]
    record = request.app[CONTEXT].store.records.get(request_id)
    if record is None:
        return answers.error(404, f"Request {request_id} not found")
    return web.json_response(row(request, record))


def parse_query(given: Mapping[str, str], today: date) -> Query:
    """Read the filters of the query string.

    Raises:
        BadQueryError: A number, date or word that the history does not take.
    """
    to_date = _date(given, "to_date", today)
    query = Query(
        page=_whole(given, "page", 1),
        per_page=_whole(given, "per_page", DEFAULT_ROWS),
        from_date=_date(given, "from_date", to_date - timedelta(days=DEFAULT_DAYS)),
        to_date=to_date,
        model_name=given.get("model_name", ""),
        status=_word(given, "status", STATES, None),
        sort_by=_word(given, "sort_by", SORT_FIELDS, "model_created") or "model_created",
        descending=_word(given, "sort_order", frozenset({"asc", "desc"}), "desc") == "desc",
    )
    if query.per_page > MAX_ROWS:
        raise BadQueryError(f"per_page must be between 1 and {MAX_ROWS}")
    if query.from_date > query.to_date:
        raise BadQueryError("from_date must not be after to_date")
    if query.to_date - query.from_date > timedelta(days=MAX_DAYS):
        raise BadQueryError(f"The window may span at most {MAX_DAYS} days")
    return query


def select(records: Iterable[Record], query: Query) -> list[Record]:
    """Return the matching records in the order asked for."""

    def key(record: Record) -> tuple[Any, ...]:
        first = {
            "model_created": record.created_at,
            "model_name": record.model.slug,
            "credits_deduction": record.charged_usd or 0.0,
        }[query.sort_by]
        return (first, record.created_at)

    matching = [
        record
        for record in records
        if query.model_name in record.model.slug
        and query.from_date <= _day(record) <= query.to_date
        and query.status in (None, model_status(record))
    ]
    return sorted(matching, key=key, reverse=query.descending)


def row(request: web.Request, record: Record) -> dict[str, Any]:
    """Return one request as the history shows it."""
    completed = record.status is Status.COMPLETED
    finished = record.finished_at
    return {
        "request_id": record.request_id,
        "model_name": record.model.slug,
        "model_status": model_status(record),
        "request_body": record.body,
        "credits_deduction": record.charged_usd or 0.0,
        "generation_url": output_url(request, record) if completed else None,
        "latency_ms": None if finished is None else round((finished - record.created_at) * 1000),
        "model_created": _utc_text(record.created_at),
        "model_completed": None if finished is None else _utc_text(finished),
        "error": record.error,
    }


def model_status(record: Record) -> str:
    """Return the history's word for a state: it knows one word for everything in flight."""
    return record.status.value if record.status.terminal else "PENDING"


def _day(record: Record) -> date:
    return datetime.fromtimestamp(record.created_at, UTC).date()


def _utc_text(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _whole(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise BadQueryError(f"{name} must be a whole number from 1")
    return int(text)


def _date(given: Mapping[str, str], name: str, default: date) -> date:
    text = given.get(name)
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadQueryError(f"{name} must be YYYY-MM-DD") from error


def _word(
    given: Mapping[str, str], name: str, allowed: frozenset[str], default: str | None
) -> str | None:
    text = given.get(name)
    if not text:
        return default
    if text not in allowed:
        raise BadQueryError(f"{name} must be one of: {', '.join(sorted(allowed))}")
    return text
