"""Fills a database with what a version knows: `python filling.py URL`, with that version's code.

The code of that version is in PYTHONPATH, so that the rows are what it wrote itself. Whatever a
version does not know it skips; what only old versions knew is at the end. Written once for all,
so nothing here can be typed more closely than Any.
"""

import asyncio
import importlib
import importlib.util
import sys
from datetime import timedelta
from typing import Any

kit: Any = importlib.import_module("tests.storage_kit")
jobs: Any = importlib.import_module("bot.job")
storage: Any = importlib.import_module("bot.storage")

NOW, GUILD, MEMBER, FIRST_ID = kit.NOW, kit.GUILD, kit.MEMBER, kit.FIRST_ID
OTHER, FORGOTTEN, MODERATOR = MEMBER + 1, MEMBER + 2, 1250000000000000001
ROLE, CHANNEL, BOT = 1150000000000000001, 1300000000000000001, 1500000000000000001
SOON, MINUTE = NOW + timedelta(days=400), timedelta(minutes=1)
_WITH_VIDEO = {"finished", "delivered", "undelivered", "dropped"}


class Filling:
    """Writes rows of every kind through the stores of one version."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._store = storage.JobStore(database)
        self._number = 0

    async def everything(self) -> None:
        """Write all that this version can."""
        if hasattr(storage, "PolicyStore"):
            await self._rules(storage.PolicyStore(self._database))
        for state in kit.PATHS:
            await self._job(state)
            await self._job(state, user_id=OTHER, guild_id=None, parameters={"prompt": "Ünï 🦊"})
        await self._job(jobs.JobState.DELIVERED, parent_id=FIRST_ID)
        await self._latencies()
        if hasattr(self._store, "approve"):
            await self._approvals()
        if hasattr(storage, "ForgettingStore"):
            await self._forgotten()
        if hasattr(storage, "AskingStore"):
            await self._habits()
        if hasattr(storage, "Move"):
            await self._moved_here()
        if hasattr(self._store, "keep_picture"):
            await self._store.keep_picture(71, MEMBER, "https://cdn.example/a.png", now=NOW)

    async def _job(self, state: Any, **changes: Any) -> Any:
        """Take a job to a state, with all that is noted on the way."""
        number, self._number = self._number, self._number + 1
        job = await kit.accepted(self._store, number, **changes)
        await self._store.note(job.id, card_message_id=1600000000000000000 + number)
        for step in kit.PATHS[state]:
            if step == "dropped":
                await self._store.drop(job.id, now=NOW)
            await self._store.transition(
                job.id, step, now=NOW + number * MINUTE, **_noted(step, number)
            )
        if state in _WITH_VIDEO and hasattr(self._store, "keep_thumbnail"):
            await self._store.keep_thumbnail(job.id, b"RIFF\x00\xffWEBP %d" % number, now=NOW)
        return job

    async def _latencies(self) -> None:
        if importlib.util.find_spec("bot.latency") is None:
            await self._store.record_latency("wan-2.6-i2v", "720p 5 s", 92.25, now=NOW)
            return
        sample = importlib.import_module("bot.latency").Sample
        for queue_s, failed in ((None, False), (3.5, False), (0.0, True)):
            one = sample(latency_s=92.25, queue_s=queue_s, failed=failed, at=NOW)
            await self._store.record_latency("wan-2.6-i2v", "720p 5 s", one)

    async def _rules(self, policies: Any) -> None:
        """A guild with rules of every kind, each of which is also an event in its audit log."""
        policy = importlib.import_module("bot.policy")
        by = {"actor_id": MODERATOR, "now": NOW}
        wanted = {
            "time_zone": "Europe/Berlin",
            "daily_credits": 500,
            "monthly_credits": 5000,
            "allowed_channel_ids": (CHANNEL,),
            "models_by_role": {ROLE: ("wan-2.6-i2v",)},
            "filter_lists": (),
            "approval": {"above_credits": 100},
            "log_channel_id": CHANNEL,
            "log_videos_since": NOW,
            "retention_days": 30,
            "confirm_above_credits": 50,
        }
        known = {name: wanted[name] for name in wanted if name in policy.GuildPolicy.model_fields}
        await policies.set_policy(GUILD, policy.GuildPolicy.model_validate(known), **by)
        for target, target_id in (("role", ROLE), ("user", MEMBER)):
            override = policy.AllowanceOverride(
                target=target, target_id=target_id, daily_credits=None, monthly_credits=7
            )
            await policies.set_override(GUILD, override, **by)
        for user_id, until in ((OTHER, None), (FORGOTTEN + 1, SOON)):
            block = policy.Block(
                user_id=user_id, until=until, reason="spam", actor_id=MODERATOR, created_at=NOW
            )
            await policies.block(GUILD, block, now=NOW)
        await policies.add_rule(GUILD, "word", "naughty", **by)
        gone = await policies.add_rule(GUILD, "regex", "wol(f|ves)", **by)
        await policies.remove_rule(GUILD, gone.id, **by)
        await policies.add_rule(GUILD, "phrase", "very naughty", **by)

    async def _approvals(self) -> None:
        """Grants, jobs that were approved, denied or wait, and videos that were taken down."""
        by = {"guild_id": GUILD, "actor_id": MODERATOR, "now": NOW}
        for expires_at in (None, SOON):
            await self._store.grant(
                GUILD, MEMBER, 100, expires_at=expires_at, reason="a prize", actor_id=2, now=NOW
            )
        waiting = [
            (
                await self._store.accept(
                    kit.new_job(self._number + number),
                    kit.GENEROUS,
                    kit.ZONE,
                    now=NOW,
                    state=jobs.JobState.AWAITING_APPROVAL,
                )
            ).id
            for number in range(3)
        ]
        self._number += len(waiting)
        await self._store.approve(waiting[0], kit.GENEROUS, kit.ZONE, **by)
        await self._store.deny(waiting[1], reason="not here", **by)
        # Drawn on a grant, and given back.
        tight = type(kit.GENEROUS)(**{**vars(kit.GENEROUS), "daily_credits": 0})
        split = await self._store.accept(kit.new_job(self._number), tight, kit.ZONE, now=NOW)
        self._number += 1
        await self._store.transition(split.id, jobs.JobState.CANCELLED, now=NOW)
        for refund in (True, False):
            job = await self._job(jobs.JobState.DELIVERED)
            await self._store.take_down(job.id, reason="spam", refund=refund, **by)

    async def _forgotten(self) -> None:
        """A member who deleted what was kept about them, and the guilds the bot is in."""
        for state in (jobs.JobState.DELIVERED, jobs.JobState.FAILED):
            await self._job(state, user_id=FORGOTTEN)
        pseudonyms = importlib.import_module("bot.pseudonyms").Pseudonyms(key=b"made up")
        forgetting = storage.ForgettingStore(self._database, pseudonyms)
        await forgetting.forget_member(FORGOTTEN, now=NOW + timedelta(hours=1))
        await forgetting.remember_guilds([GUILD, GUILD + 1], BOT)

    async def _habits(self) -> None:
        """Drafts, presets, last options; who wants to be told of ends."""
        await kit.fill_asking(storage.AskingStore(self._database), "https://cdn.example/a.png")
        preferences = storage.PreferenceStore(self._database)
        await preferences.set_telling(MEMBER, True, now=NOW)
        await preferences.set_telling(OTHER, False, now=NOW)

    async def _moved_here(self) -> None:
        """The mark of a database that came from another."""
        relocation = importlib.import_module("bot.storage.relocation")
        note = relocation.Note(
            phase=relocation.Phase.ARRIVED,
            move_id="0d5a5cf2",
            peer="sqlite:///old.sqlite3",
            progress={"job": [FIRST_ID]},
            changed_at=NOW,
        )
        await self._database.write(lambda session: relocation.put(session, note))


def _noted(step: str, number: int) -> dict[str, Any]:
    """Return the fields that are set with a step."""
    provider = "https://api.segmind.com/v2/requests"
    noted: dict[str, dict[str, Any]] = {
        "running": {
            "request_id": f"request-{number}",
            "status_url": f"{provider}/request-{number}/status",
            "response_url": f"{provider}/request-{number}",
        },
        "finished": {"output_url": f"https://media.example/{number}.mp4", "cost_usd": 0.3125},
        "delivered": {"result_channel_id": CHANNEL, "result_message_id": 1700000000 + number},
        "failed": {"failure": jobs.FailureReason.INFERENCE, "error_detail": "CUDA out of memory"},
    }
    return noted.get(str(step), {})


async def fill(url: str) -> None:
    """Migrate and fill the database at an address."""
    database = storage.Database.open(url)
    try:
        await database.migrate()
        await Filling(database).everything()
        problems = await storage.JobStore(database).check_ledger()
    finally:
        await database.close()
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    asyncio.run(fill(sys.argv[1]))
