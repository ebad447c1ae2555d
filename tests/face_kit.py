"""Jobs to show, strategies for hostile words, and Discord's limits, for tests of the face."""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bot.catalogue import MODELS, Model
from bot.job import FailureReason, Job, JobState
from bot.pricing import load_prices
from bot.request import build_request

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
PRICES = load_prices()
MOST_TEXT = 4000
MOST_COMPONENTS = 40
MOST_CONTENT = 2000
LORA = "https://example.org/" + "a" * 400 + "/style_[x](y).safetensors"


def job(state: JobState = JobState.QUEUED, model: Model = MODELS[1], **changes: Any) -> Job:
    """Return a job of a model's defaults; `options` and any field can be given."""
    options = {"prompt": "A fox jumps", **changes.pop("options", {})}
    if model.option("image"):
        options.setdefault("image", "https://cdn.example.org/fox.png")
    request = build_request(model, options, prices=PRICES, draw_seed=lambda _low, high: high)
    values: dict[str, Any] = {
        "id": 1400000000000000007,
        "guild_id": 1100000000000000001,
        "channel_id": 1300000000000000001,
        "user_id": 1200000000000000001,
        "model": model.slug,
        "parameters": request.parameters,
        "price_credits": request.price_credits,
        "interaction_token": "a-token",
        "token_expires_at": NOW + timedelta(minutes=15),
        "upload_limit_bytes": 10 * 2**20,
        "state": state,
        "created_at": NOW,
        "queued_at": None if state in {JobState.AWAITING_APPROVAL, JobState.DENIED} else NOW,
        "running_at": NOW,
        "failure": FailureReason.BLOCKED if state is JobState.FAILED else None,
    }
    return Job(**values | changes)


# Wide and combining characters, and everything that formats, links, mentions or breaks lines.
HOSTILE = st.sampled_from(
    [
        *"\\`*_~|<>#[]()@:-!&\n\r\t\u202e\u200b\x00ab1 .",
        "🦊",
        "👩‍👩‍👧‍👦",
        "漢",
        "@everyone",
        "@here",
        "<@1200000000000000009>",
        "<@&1200000000000000009>",
        "<#1200000000000000009>",
        "</quota:1200000000000000009>",
        "https://example.org",
        "[click](https://example.org)",
        "```",
        "||",
        "\n# ",
        "\n-# ",
        "\n> ",
        "\n- ",
    ]
)


def hostile_text(most: int) -> st.SearchStrategy[str]:
    """Return texts of up to `most` characters made to break out."""
    return st.one_of(
        st.lists(HOSTILE, min_size=1, max_size=200).map("".join),
        HOSTILE.map(lambda piece: (piece * most)[:most]),
    ).map(lambda text: _seen(text[:most].strip()))


def _seen(text: str) -> str:
    """Return the text, or one that can be seen: a prompt of invisible characters is refused."""
    return text if any(unicodedata.category(one)[0] in "LNPS" for one in text) else "x"


def longest(model: Model, prompt: str, negative: str) -> dict[str, Any]:
    """Return every option of a model at its longest."""
    files = "https://cdn.example.org/" + "f" * 900
    values = {
        "prompt": prompt,
        "negative_prompt": negative,
        "image": files,
        "audio": files,
        "high_noise_lora": LORA,
        "low_noise_lora": LORA,
        "high_noise_scale": 1.25,
        "low_noise_scale": 1.25,
    }
    return {name: value for name, value in values.items() if model.option(name)}


def components(view: Any) -> Iterator[Mapping[str, Any]]:
    """Give every component of a view's payload, nested ones included."""
    waiting = list(view.to_components())
    while waiting:
        component = waiting.pop(0)
        yield component
        waiting += component.get("components", [])
        waiting += [component[key] for key in ("accessory", "component") if key in component]


def texts(view: Any) -> list[str]:
    """Return the texts of a view in order."""
    return [part["content"] for part in components(view) if part["type"] == 10]
