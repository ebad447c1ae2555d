"""Traces by OpenTelemetry, through its own library: one for each job, over restarts."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from types import MappingProxyType

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, StatusCode, TraceFlags

from bot.reporting.trace_ids import root_span_id_of, trace_id_of

Fact = str | int
_SCOPE = "wan-video-bot"
_EXPORT_S = 5.0
_NS_PER_S = 1_000_000_000
_NO_FACTS: Mapping[str, Fact] = MappingProxyType({})

_root_of: ContextVar[int | None] = ContextVar("job whose root span is made", default=None)


class _Ids(RandomIdGenerator):
    """Those of a job's root span follow from the job; all others are random."""

    def generate_trace_id(self) -> int:
        job_id = _root_of.get()
        return super().generate_trace_id() if job_id is None else trace_id_of(job_id)

    def generate_span_id(self) -> int:
        job_id = _root_of.get()
        return super().generate_span_id() if job_id is None else root_span_id_of(job_id)


class JobTracer:
    """The `Tracer` of `bot.jobs.tracing`."""

    def __init__(self, exporter: SpanExporter, *, executor: str, release: str) -> None:
        """Make a tracer.

        Args:
            exporter: Sends spans; it is called on a thread of its own.
            executor: This process's name.
            release: The bot's version.
        """
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create(
                {
                    "service.name": _SCOPE,
                    "service.version": release,
                    "service.instance.id": executor,
                }
            ),
            id_generator=_Ids(),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer(_SCOPE, release)

    def begin(self, name: str, job_id: int, guild_id: int | None, *, since: datetime) -> None:
        """Begin the job's trace, with what lasted from then until now."""
        token = _root_of.set(job_id)
        try:
            # No parent: it is the root, whatever runs here.
            span = self._tracer.start_span(
                name,
                context=Context(),
                attributes=_of_job(job_id, guild_id),
                start_time=int(since.timestamp() * _NS_PER_S),
            )
        finally:
            _root_of.reset(token)
        span.end()

    @contextmanager
    def of_job(
        self,
        name: str,
        job_id: int,
        guild_id: int | None,
        *,
        fine: tuple[type[Exception], ...] = (),
    ) -> Iterator[Callable[[str, Fact], None]]:
        """Do something for a job; yields what notes a fact about it.

        Args:
            name: What it is.
            job_id: The job, or the interaction that may become one.
            guild_id: Its server.
            fine: Errors by which it may end without being at fault.
        """
        root = SpanContext(
            trace_id=trace_id_of(job_id),
            span_id=root_span_id_of(job_id),
            is_remote=True,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
        context = trace.set_span_in_context(NonRecordingSpan(root), Context())
        with self._doing(name, context, _of_job(job_id, guild_id), fine) as span:
            yield span.set_attribute

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Do a part of what is done for a job; outside of that it is not traced."""
        if not trace.get_current_span().get_span_context().is_valid:
            yield
            return
        with self._doing(name, None, _NO_FACTS, ()):
            yield

    def end(self) -> None:
        """Send what is left. It may wait for the network."""
        self._provider.shutdown()

    @contextmanager
    def _doing(
        self,
        name: str,
        context: Context | None,
        facts: Mapping[str, Fact],
        fine: tuple[type[Exception], ...],
    ) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name,
            context,
            attributes=facts,
            # Its text may quote anybody.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                # A stop is no fault either.
                if isinstance(error, Exception) and not isinstance(error, fine):
                    span.set_status(StatusCode.ERROR)
                raise


def otlp_tracer(
    endpoint: str, headers: Mapping[str, str], *, executor: str, release: str
) -> JobTracer:
    """Return a tracer that sends to a collector by OTLP over HTTP.

    Args:
        endpoint: The collector's address; traces go to `/v1/traces` below it.
        headers: Sent with each request, such as a key.
        executor: This process's name.
        release: The bot's version.
    """
    exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", headers=headers, timeout=_EXPORT_S)
    return JobTracer(exporter, executor=executor, release=release)


def _of_job(job_id: int, guild_id: int | None) -> dict[str, Fact]:
    # As text: many backends read numbers as floating point, which ids do not fit into.
    facts: dict[str, Fact] = {"job": str(job_id)}
    return facts if guild_id is None else facts | {"guild": str(guild_id)}
