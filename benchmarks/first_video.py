"""From a fresh clone to the first video: what a stranger waits for. Prints JSON.

Clones the last commit into a temporary folder, runs `make setup` there, starts the sandbox at
the demo's speed and sends /animate with a picture. Not part of `make bench`: it installs from
the network.
"""

import asyncio
import json
import subprocess
import tempfile
import time
from pathlib import Path

from PIL import Image

from sandbox.discord_api.component_kinds import files_of
from sandbox.discord_api.driver import MemberDriver

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE_S = 120.0


async def first_video(clone: Path, picture: Path) -> float:
    """Start the clone's sandbox as `make demo` does; return when the video was there."""
    process = await asyncio.create_subprocess_exec(
        *(str(clone / ".venv/bin/python"), "-m", "sandbox", "--json", "--port", "0"),
        cwd=clone,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the sandbox has no output")
        discord = json.loads(await process.stdout.readline())["discord"]
        ready_at = time.monotonic()
        token = discord["members"][0]["token"]
        async with MemberDriver(
            discord["api"], discord["gateway"], token, timeout_s=PATIENCE_S
        ) as member:
            await member.run_command("animate", {"image": picture, "prompt": "It begins"})
            await member.wait_for_message(lambda m: bool(files_of(m)), timeout_s=PATIENCE_S)
        return ready_at
    finally:
        process.terminate()
        await process.wait()


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        clone, picture = Path(folder) / "clone", Path(folder) / "picture.png"
        Image.linear_gradient("L").resize((640, 360)).convert("RGB").save(picture)
        started_at = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", PROJECT, clone], check=True)
        subprocess.run(["make", "--quiet", "setup"], cwd=clone, check=True)
        installed_at = time.monotonic()
        ready_at = asyncio.run(first_video(clone, picture))
        ended_at = time.monotonic()
    figures = {
        "benchmark": "first_video",
        "installation_s": round(installed_at - started_at, 1),
        "start_s": round(ready_at - installed_at, 1),
        "first_video_s": round(ended_at - ready_at, 1),
        "total_s": round(ended_at - started_at, 1),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
