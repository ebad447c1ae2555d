"""Which calls go wrong, and how often: weights and the stand-ins' own fault scripts. Data."""

from collections.abc import Sequence
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

# Weight and a fault of `sandbox.segmind_api.faults`.
PROVIDER_FAULTS: Sequence[tuple[int, Json]] = (
    # submits: refused before they start, lost on the way, or answered wrongly
    (4, {"on": "submit", "kind": "error", "status": 500}),
    (3, {"on": "submit", "kind": "error", "status": 502, "when": "after"}),
    (4, {"on": "submit", "kind": "error", "status": 429, "seconds": 1.0}),
    (2, {"on": "submit", "kind": "hang", "seconds": 2.0}),
    (2, {"on": "submit", "kind": "hang", "seconds": 2.0, "when": "after"}),
    (3, {"on": "submit", "kind": "cut"}),
    (4, {"on": "submit", "kind": "cut", "when": "after"}),
    (2, {"on": "submit", "kind": "not_json"}),
    (2, {"on": "submit", "kind": "not_json", "when": "after"}),
    (2, {"on": "submit", "kind": "broken_contract", "when": "after"}),
    (1, {"on": "submit", "kind": "error", "status": 403}),
    # polls and results
    (4, {"on": "status", "kind": "error", "status": 500, "times": 3}),
    (3, {"on": "status", "kind": "error", "status": 429, "seconds": 1.0}),
    (2, {"on": "status", "kind": "hang", "seconds": 2.0}),
    (3, {"on": "status", "kind": "cut", "times": 2}),
    (2, {"on": "status", "kind": "not_json"}),
    (2, {"on": "status", "kind": "broken_contract"}),
    (3, {"on": "result", "kind": "error", "status": 502}),
    (2, {"on": "result", "kind": "cut"}),
    (2, {"on": "result", "kind": "not_json"}),
    # the history, which is asked about lost submits
    (3, {"on": "history", "kind": "error", "status": 500}),
    (2, {"on": "history", "kind": "error", "status": 429, "seconds": 1.0}),
    (2, {"on": "history", "kind": "cut"}),
    (2, {"on": "history", "kind": "not_json"}),
    # uploads of converted pictures
    (2, {"on": "upload", "kind": "error", "status": 500}),
    (1, {"on": "upload", "kind": "cut"}),
    # downloads
    (3, {"on": "download", "kind": "error", "status": 503}),
    (1, {"on": "download", "kind": "error", "status": 404}),
    (3, {"on": "download", "kind": "cut"}),
    (2, {"on": "download", "kind": "slow", "bytes_per_second": 40_000}),
    (3, {"on": "download", "kind": "truncated"}),
    (1, {"on": "download", "kind": "not_a_video"}),
    (1, {"on": "download", "kind": "hang", "seconds": 2.0}),
    # ends
    (5, {"on": "outcome", "kind": "failed"}),
    (2, {"on": "outcome", "kind": "expire"}),
    (1, {"on": "outcome", "kind": "no_output"}),
    (2, {"on": "outcome", "kind": "slow", "factor": 4.0}),
    (1, {"on": "outcome", "kind": "large"}),
)

_POST, _CARD, _EDIT, _READ, _ANSWER = (
    {"method": "POST", "path": "/channels/*/messages"},
    {"method": "PATCH", "path": "/webhooks/*"},
    {"method": "PATCH", "path": "/channels/*/messages/*"},
    {"method": "GET", "path": "/channels/*/messages*"},
    {"method": "POST", "path": "/interactions/*/callback"},
)
_LIMITED: Json = {
    "status": 429,
    "body": {"message": "You are being rate limited.", "retry_after": 0.5, "global": False},
    "headers": {"Retry-After": "1", "X-RateLimit-Reset-After": "0.5", "Via": "1.1 google"},
}

# A message in a form that Discord does not take: it is posted in a plainer one.
_INVALID: Json = {"status": 400, "body": {"message": "Invalid Form Body", "code": 50035}}

# Weight and a fault of `sandbox.discord_api.faults`.
DISCORD_FAULTS: Sequence[tuple[int, Json]] = (
    (4, {**_POST, "status": 500}),
    (3, {**_POST, "status": 502, "times": 3}),
    (4, {**_POST, "status": 500, "late": True}),
    (3, {**_POST, **_LIMITED}),
    (3, {**_POST, **_INVALID}),
    (1, {**_POST, **_INVALID, "times": 3}),
    (4, {**_POST, "drop": True}),
    (6, {**_POST, "drop": True, "late": True}),
    (2, {**_POST, "delay_s": 1.5}),
    (3, {**_CARD, "status": 500}),
    (2, {**_CARD, "status": 503, "times": 6}),
    (3, {**_CARD, **_LIMITED}),
    (3, {**_CARD, "drop": True}),
    (3, {**_CARD, "drop": True, "late": True}),
    (1, {**_EDIT, "status": 500}),
    (1, {**_EDIT, "drop": True}),
    (2, {**_READ, "status": 500}),
    (1, {**_READ, "drop": True}),
    (1, {**_ANSWER, "status": 500}),
    (1, {**_ANSWER, "drop": True}),
    (1, {**_ANSWER, "drop": True, "late": True}),
    (1, {**_ANSWER, "delay_s": 1.0}),
)
