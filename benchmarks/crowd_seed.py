"""What a large server has: 500 roles with their rules, a year of videos, members with a history."""

import asyncio
import io
import json
import random
import sqlite3
import string
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from bot.catalogue import MODELS
from bot.policy import GuildPolicy
from sandbox.chaos.crowd import Crowd
from sandbox.discord_api.world import Role

ROLES, ROLES_OF_A_MEMBER = 500, 250
YEAR_VIDEOS, DAYS, MEMBERS = 10_000, 365, 300
# Five to a page.
HISTORY_PAGES, VIDEOS_A_PAGE = 104, 5
LIST_CHARS = 4000
_THUMBNAIL_PX = (320, 180)
_FIRST_ROLE_ID = 7000
_NOBODY_ID = 10**15

_JOB = """INSERT INTO job (id, guild_id, channel_id, user_id, model, parameters, price_credits,
    token_expires_at, upload_limit_bytes, state, created_at, queued_at, ended_at, cost_usd)
    VALUES (?, ?, ?, ?, ?, ?, 30, ?, 1, 'delivered', ?, ?, ?, 0.25)"""
_ENTRY = """INSERT INTO ledger_entry (job_id, guild_id, user_id, kind, credits, created_at,
    counted_at, grant_id) VALUES (?, ?, ?, ?, 30, ?, ?, 0)"""
_ALLOWANCE = """INSERT INTO allowance (guild_id, target, target_id, daily_credits,
    monthly_credits) VALUES (?, 'role', ?, 100000000, 100000000)"""
_POLICY = "INSERT INTO guild_policy (guild_id, body, updated_at) VALUES (?, ?, ?)"
_THUMBNAIL = "INSERT INTO thumbnail (job_id, image, created_at) VALUES (?, ?, ?)"

# Id, member and time of a video.
_Video = tuple[int, int, datetime]


def add_roles(crowd: Crowd, members: Sequence[int]) -> list[str]:
    """Give the first guild its roles, and some members (by number) half of them; return the ids."""
    guild = crowd.guilds[0]
    ids = [str(int(guild.id) + _FIRST_ROLE_ID + number) for number in range(ROLES)]
    for position, role_id in enumerate(ids, start=2):
        guild.roles[role_id] = Role(
            id=role_id, name=f"Role {position}", permissions=0, position=position
        )
    for number in members:
        guild.members[crowd.members[number].id].roles = tuple(ids[:ROLES_OF_A_MEMBER])
    return ids


async def fill(file: Path, crowd: Crowd, *, roles: Sequence[str], leafing: Sequence[int]) -> None:
    """Write what the first guild has set and made, past the stores: they would take minutes.

    Args:
        file: The bot's database, with its tables.
        crowd: Whose it is.
        roles: Ids of roles with an allowance and a list of models each.
        leafing: Numbers of members who have a long history.
    """
    await asyncio.to_thread(_fill, file, crowd, roles, leafing)


def _fill(file: Path, crowd: Crowd, roles: Sequence[str], leafing: Sequence[int]) -> None:
    guild = crowd.guilds[0]
    guild_id, channel_id = int(guild.id), int(next(iter(guild.channels)))
    year = list(_year())
    history = list(_history([int(crowd.members[number].id) for number in leafing], len(year) + 1))
    slugs = tuple(model.slug for model in MODELS)
    policy = GuildPolicy(models_by_role={int(role): slugs for role in roles})
    image, now = _thumbnail(), _text(datetime.now(UTC))
    with closing(sqlite3.connect(file)) as connection, connection:
        for video, member, at in (*year, *history):
            asked, ended = _text(at), _text(at + timedelta(seconds=130))
            words = json.dumps({"prompt": f"a fox that jumps over hedge number {video}", "seed": 1})
            model = slugs[video % len(slugs)]
            job = (video, guild_id, channel_id, member, model, words, asked, asked, asked, ended)
            connection.execute(_JOB, job)
            for kind in ("reserve", "settle"):
                connection.execute(_ENTRY, (video, guild_id, member, kind, asked, asked))
        connection.executemany(_THUMBNAIL, [(video, image, now) for video, _, _ in history])
        connection.executemany(_ALLOWANCE, [(guild_id, int(role)) for role in roles])
        connection.execute(_POLICY, (guild_id, policy.model_dump_json(), now))


def _year() -> Iterator[_Video]:
    rng = random.Random(1)
    now = datetime.now(UTC)
    for number in range(YEAR_VIDEOS):
        member = min(MEMBERS, int(rng.expovariate(0.02))) + 1
        yield number + 1, _NOBODY_ID + member, now - timedelta(days=rng.uniform(1, DAYS - 1))


def _history(members: Sequence[int], first: int) -> Iterator[_Video]:
    # Made long ago, so that it is not of the year that is counted.
    begun = datetime.now(UTC) - timedelta(days=2 * DAYS)
    for number in range(HISTORY_PAGES * VIDEOS_A_PAGE * len(members)):
        at = begun + timedelta(minutes=number)
        yield first + number, members[number % len(members)], at


def _thumbnail() -> bytes:
    written = io.BytesIO()
    Image.effect_noise(_THUMBNAIL_PX, 40).save(written, "WEBP", quality=60)
    return written.getvalue()


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def filter_list(number: int) -> str:
    """Return words, one a line, as many as a form takes; no two lists have one in common."""
    rng = random.Random(number)
    prefix = string.ascii_lowercase[number % 26]
    lines: list[str] = []
    chars = 0
    while True:
        line = f"{prefix}q{''.join(rng.choices(string.ascii_lowercase, k=5))}"
        chars += len(line) + 1
        if chars > LIST_CHARS:
            return "\n".join(lines)
        lines.append(line)
