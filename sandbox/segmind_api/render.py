"""Real H.264 MP4s, made by ffmpeg in a subprocess; identical requests share one file."""

import asyncio
import hashlib
import tempfile
from contextlib import suppress
from math import pi
from pathlib import Path

from bot.media import ffmpeg_program
from sandbox.segmind_api.picture import draw_layers
from sandbox.segmind_api.plan import RenderPlan

# The demo must leave room for the bot and the browser.
RENDERS_AT_ONCE = 2
FFMPEG_TIMEOUT_S = 120.0


class RenderError(Exception):
    """ffmpeg could not make the video; the text says why."""


class Renderer:
    """Renders plans into `folder`, a few at a time, each different one only once."""

    def __init__(self, folder: Path, *, light: bool = False) -> None:
        self._folder = folder
        self._light = light
        self._slots = asyncio.Semaphore(RENDERS_AT_ONCE)
        self._jobs: dict[str, asyncio.Task[Path]] = {}
        self.rendered = 0

    async def render(self, plan: RenderPlan, *, image: bytes | None, audio: bytes | None) -> Path:
        """Return the path of the finished MP4.

        Args:
            plan: Size, length, text.
            image: The picture to animate; None draws the plan's prompt.
            audio: A sound file to lay under it, cut to the video's length.

        Raises:
            RenderError: ffmpeg refused the sound or failed.
        """
        if self._light:
            plan, image, audio = lightened(plan), None, None
        key = _key(plan, image, audio)
        job = self._jobs.get(key)
        if job is None or (job.done() and (job.cancelled() or job.exception() is not None)):
            job = self._jobs[key] = asyncio.create_task(self._make(key, plan, image, audio))
        # Shielded: one request that is given up must not take the film from the others.
        return await asyncio.shield(job)

    async def close(self) -> None:
        """Stop whatever is being rendered."""
        for job in self._jobs.values():
            job.cancel()
        await asyncio.gather(*self._jobs.values(), return_exceptions=True)

    async def _make(
        self, key: str, plan: RenderPlan, image: bytes | None, audio: bytes | None
    ) -> Path:
        target = self._folder / f"{key}.mp4"
        async with self._slots:
            with tempfile.TemporaryDirectory(dir=self._folder) as name:
                scratch = Path(name)
                canvas, label = await asyncio.to_thread(draw_layers, plan, image, scratch)
                sound = scratch / "sound" if audio is not None else None
                if sound is not None and audio is not None:
                    await asyncio.to_thread(sound.write_bytes, audio)
                output = scratch / "video.mp4"
                program = await asyncio.to_thread(ffmpeg_program)
                if program is None:
                    raise RenderError("there is no ffmpeg that encodes H.264")
                await _run(program, *arguments(plan, canvas, label, sound, output))
                output.replace(target)
        self.rendered += 1
        return target


def lightened(plan: RenderPlan) -> RenderPlan:
    """Return the plan of the tiny video that stands for all others, or for all heavy ones."""
    return RenderPlan(
        width_px=160,
        height_px=90,
        frames=16,
        fps=16,
        seed=0,
        label="light",
        prompt="light",
        heavy_bytes=plan.heavy_bytes,
    )


def arguments(
    plan: RenderPlan, canvas: Path, label: Path, sound: Path | None, output: Path
) -> list[str]:
    """Return ffmpeg's arguments: a window travels round the canvas once, the label stays."""
    angle = f"({2 * pi:.6f}*n/{plan.frames}+{plan.seed % 7})"
    graph = (
        f"[0:v]format=yuv420p,loop=loop={plan.frames - 1}:size=1:start=0,"
        f"setpts=N/{plan.fps}/TB,"
        f"crop={plan.width_px}:{plan.height_px}"
        f":x='(iw-ow)*(0.5+0.5*sin{angle})':y='(ih-oh)*(0.5+0.5*cos{angle})'[moving];"
        "[moving][1:v]overlay=x=12:y=main_h-overlay_h-12,"
        + ("noise=alls=60:allf=t," if plan.heavy_bytes else "")
        + "format=yuv420p[video]"
    )
    quality = (
        ["-b:v", str(int(plan.heavy_bytes * 8 / plan.duration_s))]
        if plan.heavy_bytes
        else ["-crf", "26"]
    )
    sound_in = ["-t", f"{plan.duration_s:.3f}", "-i", str(sound)] if sound else []
    sound_out = ["-map", "2:a:0", "-c:a", "aac", "-b:a", "128k", "-ac", "2"] if sound else []
    return [
        *("-hide_banner", "-nostdin", "-v", "error", "-y", "-filter_threads", "1"),
        *("-framerate", str(plan.fps), "-i", str(canvas), "-i", str(label)),
        *sound_in,
        *("-filter_complex", graph, "-map", "[video]"),
        *("-frames:v", str(plan.frames), "-r", str(plan.fps)),
        *("-c:v", "libx264", "-preset", "ultrafast", *quality, "-threads", "1"),
        *("-pix_fmt", "yuv420p", *sound_out, "-movflags", "+faststart", str(output)),
    ]


async def _run(program: str, *args: str) -> None:
    process = await asyncio.create_subprocess_exec(
        program,
        *args,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in the terminal is the sandbox's business
    )
    try:
        async with asyncio.timeout(FFMPEG_TIMEOUT_S):
            _, errors = await process.communicate()
    except TimeoutError as error:
        raise RenderError("rendering took too long") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        last = errors.decode(errors="replace").strip().splitlines()[-1:]
        raise RenderError(f"ffmpeg failed: {' '.join(last)}")


def _key(plan: RenderPlan, image: bytes | None, audio: bytes | None) -> str:
    digest = hashlib.sha256(repr(plan).encode())
    for part in (image, audio):
        digest.update(b"-" if part is None else hashlib.sha256(part).digest())
    return digest.hexdigest()[:32]
