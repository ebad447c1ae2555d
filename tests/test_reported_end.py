"""A fault that ends the whole bot is logged in the chosen form, and reported."""

import asyncio
import json
import os
import sys
from pathlib import Path

from aiohttp import web

from sandbox.bot_process import PROJECT
from tests.reporting_kit import far_end

TOKEN = "MTAx.discord-token-for-tests"
PATIENCE_S = 30.0


async def test_a_fault_that_ends_the_bot_is_logged_and_reported(tmp_path: Path) -> None:
    """Discord's answer makes no sense to its library: no bare traceback, and exit code 1."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=b"{}", content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0]
    with far_end() as end:
        settings = {
            "DISCORD_TOKEN": TOKEN,
            "SEGMIND_API_KEY": "SG_key-for-tests",
            "DISCORD_API_BASE": f"http://127.0.0.1:{port}/api",
            "DATA_DIR": str(tmp_path),
            "LOG_FORMAT": "json",
            "SENTRY_DSN": end.dsn,
            "ENV_FILE": "",
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot"),
            cwd=PROJECT,
            env={**os.environ, **settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(PATIENCE_S):
            output, _ = await process.communicate()
        await runner.cleanup()
        last = json.loads(output.splitlines()[-1])
        (event,) = end.events()

    assert process.returncode == 1
    assert (last["level"], last["message"]) == ("critical", "the bot has ended by a fault")
    assert "KeyError" in last["exception"]
    assert event["level"] == "fatal"
    assert event["exception"]["values"][-1]["type"] == "KeyError"
    assert TOKEN not in f"{output!r} {end.everything}"
