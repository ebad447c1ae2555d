"""The vendor's own SDK, unchanged, against the stand-in."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from segmind import InferenceFailed, InferenceTimeout, SegmindClient, SegmindError
from segmind.files import Files
from segmind.v2 import AsyncJob

from tests.segmind_running import FLASH, T2V, Provider, png, running

Answer = TypeVar("Answer")


@contextmanager
def sdk(provider: Provider) -> Iterator[Any]:
    """Yield an SDK client that points at the stand-in."""
    stand_in = provider.stand_in
    client = SegmindClient(api_key=stand_in.api_key, base_url=f"{stand_in.api_url}/v1")
    try:
        yield client
    finally:
        client._client.close()


async def with_sdk(provider: Provider, use: Callable[[Any], Answer]) -> Answer:
    """Use the SDK in a thread: it is synchronous."""

    def call() -> Answer:
        with sdk(provider) as client:
            return use(client)

    return await asyncio.to_thread(call)


async def test_submit_and_wait(tmp_path: Path) -> None:
    """The vendor's example for the text model runs as it stands."""
    example = {
        "prompt": "A sophisticated teacher stands at the front of the room.",
        "go_fast": True,
        "num_frames": 81,
        "resolution": "480p",
        "aspect_ratio": "16:9",
        "sample_shift": 12,
        "frames_per_second": 16,
        "high_noise_lora_scale": 1,
        "low_noise_lora_scale": 1,
    }
    async with running(tmp_path) as provider:
        result = await with_sdk(
            provider, lambda c: c.submit_async(T2V, **example).wait(timeout=60, interval=0.05)
        )
        sent = (await provider.state())["requests"][0]["body"]
        video = await provider.download(result["output"])

    assert result["status"] == "COMPLETED"
    assert sent == example
    assert video[4:8] == b"ftyp"


async def test_failed_is_raised_with_the_providers_words(tmp_path: Path) -> None:
    """FAILED over HTTP 422 becomes the SDK's InferenceFailed."""
    async with running(tmp_path) as provider:
        with pytest.raises(InferenceFailed) as caught:
            await with_sdk(
                provider, lambda c: c.submit_async(T2V, prompt="forbidden").wait(interval=0.05)
            )

    assert "content policy" in caught.value.detail
    assert caught.value.status_body["status"] == "FAILED"


async def test_a_wait_that_is_too_short_times_out(tmp_path: Path) -> None:
    """The SDK's own deadline works against a stuck request."""
    async with running(tmp_path) as provider:
        with pytest.raises(InferenceTimeout):
            await with_sdk(
                provider,
                lambda c: c.submit_async(T2V, prompt="sandbox-stuck").wait(
                    timeout=0.2, interval=0.05
                ),
            )


async def test_an_unknown_id_is_a_404(tmp_path: Path) -> None:
    """A job handle with a made-up id gets the vendor's error."""

    def ask(client: Any) -> object:
        base = client.base_url.replace("/v1", "/v2/requests/00000000-0000-4000-8000-000000000000")
        job = AsyncJob(
            request_id="0",
            status_url=f"{base}/status",
            response_url=base,
            submit_response={},
            _client=client,
        )
        return job.status()

    async with running(tmp_path) as provider:
        with pytest.raises(SegmindError) as caught:
            await with_sdk(provider, ask)

    assert caught.value.status == 404
    assert "not found" in caught.value.detail


async def test_no_credits_is_a_406(tmp_path: Path) -> None:
    """Insufficient credits come through with their text."""
    async with running(tmp_path) as provider:
        await provider.control("settings", {"credits_usd": 0})
        with pytest.raises(SegmindError) as caught:
            await with_sdk(provider, lambda c: c.submit_async(T2V, prompt="x"))

    assert caught.value.status == 406
    assert "Insufficient credits" in caught.value.detail


async def test_upload_history_and_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's other hosts are constants of it; pointed here they work, too."""
    picture = tmp_path / "cat.png"
    picture.write_bytes(png(32, 18))
    async with running(tmp_path) as provider:
        base = provider.stand_in.api_url
        monkeypatch.setattr(Files, "STORAGE_BASE_URL", base)
        history_url = f"{base}/inference-request/request-history"
        # `segmind.generations` is a proxy object; the constant lives in the module behind it.
        module = sys.modules["segmind.generations"]
        monkeypatch.setattr(module, "REQUEST_HISTORY_URL", history_url)
        uploaded = await with_sdk(provider, lambda c: c.files.upload(picture))
        body = {"image": uploaded["file_urls"][0], "prompt": "x", "resolution": "480P"}
        result = await with_sdk(
            provider, lambda c: c.submit_async(FLASH, **body).wait(interval=0.05)
        )
        page = await with_sdk(provider, lambda c: c.generations.history(status="COMPLETED"))
        row = await with_sdk(provider, lambda c: c.generations.get(page["data"][0]["request_id"]))

    assert row == page["data"][0]
    assert row["request_body"] == body
    assert row["generation_url"] == result["output"]
    assert row["credits_deduction"] == result["metrics"]["cost"]
