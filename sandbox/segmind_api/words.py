"""Words in a prompt that make something happen, so that a person can see it in the demo.

| word in the prompt | what happens |
|---|---|
| `forbidden` | FAILED by the content policy |
| `sandbox-fail` | FAILED with a plain worker error |
| `sandbox-slow` | takes five times as long |
| `sandbox-stuck` | stays in PROCESSING until the control endpoint ends it |
| `sandbox-expire` | the record is gone (404) the moment it completes |
| `sandbox-large` | a file far above Discord's 10 MiB upload limit |
"""

from dataclasses import dataclass

CONTENT_POLICY_TEXT = (
    "Input data may contain inappropriate content: the prompt was blocked by the content policy."
)
LARGE_BYTES = 20 * 2**20
WORKER_ERROR_TEXT = "Inference failed: the worker ran out of memory."


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a request that was accepted will end.

    Attributes:
        error: FAILED with this text; None to succeed.
        stuck: Never ends by itself.
        latency_factor: Times the usual latency.
        expires: The record is gone as soon as it completes.
        heavy_bytes: The file has about so many; 0 for what its picture needs.
        without_output: COMPLETED, but the answer names no output.
    """

    error: str | None = None
    stuck: bool = False
    latency_factor: float = 1.0
    expires: bool = False
    heavy_bytes: int = 0
    without_output: bool = False


NORMAL = Outcome()
CONTROL_WORDS: dict[str, Outcome] = {
    "forbidden": Outcome(error=CONTENT_POLICY_TEXT),
    "sandbox-fail": Outcome(error=WORKER_ERROR_TEXT),
    "sandbox-slow": Outcome(latency_factor=5.0),
    "sandbox-stuck": Outcome(stuck=True),
    "sandbox-expire": Outcome(expires=True),
    "sandbox-large": Outcome(heavy_bytes=LARGE_BYTES),
}


def outcome_of_prompt(prompt: str) -> Outcome:
    """Return what the first control word in a prompt asks for, or a normal outcome."""
    lowered = prompt.lower()
    return next((end for word, end in CONTROL_WORDS.items() if word in lowered), NORMAL)
