"""A job's trace: its id follows from the job's, so that all processes and starts agree on it."""

import hashlib

_TRACE_BYTES, _SPAN_BYTES = 16, 8


def trace_id_of(job_id: int) -> int:
    """Return the id of a job's trace: 128 bits, never 0."""
    return int.from_bytes(_digest(job_id)[:_TRACE_BYTES]) or 1


def root_span_id_of(job_id: int) -> int:
    """Return the id of the span that all others of the trace hang on: 64 bits, never 0."""
    return int.from_bytes(_digest(job_id)[_TRACE_BYTES:][:_SPAN_BYTES]) or 1


def _digest(job_id: int) -> bytes:
    # Hashed, because backends choose which traces to keep by the last bits, and those of
    # Discord's ids are not evenly spread.
    return hashlib.sha256(f"wan-video-bot job {job_id}".encode()).digest()
