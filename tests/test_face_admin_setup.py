"""`/video-admin setup`: each fault is found, with its remedy; only the host sees the figure."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.discord_ui.admin.checks import ChannelFacts, GuildFacts, examine
from bot.finding import Finding
from bot.jobs.account_desk import Account, AccountDesk, Funds
from bot.jobs.policy_desk import Overview
from bot.policy import AllowanceOverride, ApprovalRules, GuildPolicy
from bot.pricing import load_prices
from bot.segmind import SegmindClient
from bot.storage import JobStore, PolicyStore
from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.driver import MemberDriver
from sandbox.discord_api.seed import GENERAL_ID, GUILD_ID, LOG_ID, VIDEO_ID
from tests.discord_kit import until
from tests.face_running import ALLOWANCE, EPHEMERAL, Face, all_text, now, start, stop
from tests.segmind_running import Provider, running

pytest_plugins = ("tests.storage_fixtures", "tests.discord_fixtures", "tests.face_fixtures")

GUILD = int(GUILD_ID)
HERE, NIGHT, LOG, GONE = 1, 2, 3, 404
ROLE, GONE_ROLE = 10, 4040
PLAIN = ChannelFacts(public=True)
CHANNELS = {
    HERE: PLAIN,
    NIGHT: ChannelFacts(age_restricted=True, public=True),
    LOG: ChannelFacts(),
}


def found(
    policy: GuildPolicy | None = None,
    *,
    channels: dict[int, ChannelFacts] | None = None,
    overrides: tuple[AllowanceOverride, ...] = (),
    account: Account | None = None,
    figure: bool = False,
) -> dict[str, Finding]:
    """Return the findings by part."""
    overview = Overview(
        policy=policy or GuildPolicy(), host=ALLOWANCE, host_zone="UTC", overrides=0, rules=0
    )
    findings = examine(
        overview,
        overrides,
        GuildFacts(here=HERE, channels=CHANNELS | (channels or {}), role_ids={ROLE}),
        account or Account(funds=Funds.ENOUGH, balance_usd=42.5),
        cheapest_credits=8,
        figure=figure,
    )
    return {finding.part: finding for finding in findings}


def test_a_fresh_server_is_well() -> None:
    """Nothing set, everything granted."""
    assert all(finding.well for finding in found().values())


@pytest.mark.parametrize(
    ("policy", "part", "words"),
    [
        ({"allowed_channel_ids": (HERE, GONE)}, "Channels", "1 chosen channel cannot be seen"),
        ({"age_restricted_only": True, "allowed_channel_ids": (HERE,)}, "Age restriction", "none"),
        ({"log_channel_id": GONE}, "Log channel", "no longer exists"),
        ({"approval": ApprovalRules(everybody=True)}, "Log channel", "nobody can be asked"),
        ({"log_channel_id": HERE}, "Log channel", "everybody on this server can read <#1>"),
        ({"daily_credits": 7}, "Credits", "more than the credits a day (7 credits) allow"),
        ({"max_price_credits": 1}, "Credits", "the price of a single video (1 credit)"),
        ({"monthly_budget_credits": 0}, "Credits", "the server's budget a month (0 credits)"),
        (
            {"log_channel_id": LOG, "approval": ApprovalRules(without_role_id=GONE_ROLE)},
            "Approval",
            "every video waits",
        ),
        ({"models_by_role": {GONE_ROLE: ("wan-2.6-i2v",)}}, "Models", "1 list of models for roles"),
        ({"paused_reason": "Holidays"}, "Paused", "new videos are paused: Holidays"),
    ],
)
def test_each_fault_is_found_and_says_what_to_do(
    policy: dict[str, Any], part: str, words: str
) -> None:
    """And the other parts stay well."""
    findings = found(GuildPolicy(**policy))

    assert words in findings[part].words
    assert findings[part].remedy
    assert [finding.part for finding in findings.values() if not finding.well] == [part]


def test_missing_permissions_are_named_once_for_all_their_channels() -> None:
    """Three hundred channels are one line."""
    many = {
        number: ChannelFacts(missing_for_videos=("Attach Files",)) for number in range(1000, 1300)
    }
    finding = found(GuildPolicy(allowed_channel_ids=tuple(many)), channels=many)["Channels"]

    assert "and 292 more the bot lacks **Attach Files**" in finding.words
    assert "Permissions" in finding.remedy


def test_a_log_channel_without_permissions_is_a_fault() -> None:
    """Approvals would be posted nowhere."""
    channels = {LOG: ChannelFacts(missing=("View Channel", "Send Messages"))}
    finding = found(GuildPolicy(log_channel_id=LOG), channels=channels)["Log channel"]

    assert "lacks **View Channel**, **Send Messages**" in finding.words
    assert not finding.well


@pytest.mark.parametrize("funds", Funds)
def test_moderators_never_see_the_figure(funds: Funds) -> None:
    """Only enough, low or empty; every other state says whom to tell."""
    finding = found(account=Account(funds=funds, balance_usd=42.5))["Video service"]

    assert "42" not in finding.words + finding.remedy
    assert finding.well == (funds is Funds.ENOUGH)
    assert finding.well or "the people who run this bot" in finding.remedy.casefold()


def test_the_host_sees_the_figure() -> None:
    """Who runs the bot pays."""
    assert "42.50 USD" in found(figure=True)["Video service"].words


# -- on the stand-ins --------------------------------------------------------------------


@pytest.fixture
async def segmind(tmp_path: Path) -> AsyncIterator[Provider]:
    """A running Segmind stand-in."""
    async with running(tmp_path / "segmind") as made:
        yield made


@pytest.fixture
async def paying(
    stand_in: DiscordStandIn,
    store: JobStore,
    policies: PolicyStore,
    segmind: Provider,
    tmp_path: Path,
) -> AsyncIterator[Face]:
    """A client whose provider can be asked."""
    async with aiohttp.ClientSession() as http:
        made = Face(
            stand_in=stand_in,
            store=store,
            policies=policies,
            http=http,
            data_dir=tmp_path,
            provider_base=segmind.stand_in.api_url,
            provider_key=segmind.stand_in.api_key,
        )
        task = await start(made)
        yield made
        await stop(made, task)


async def examined(driver: MemberDriver) -> dict[str, Any]:
    """Run the check."""
    before = set(driver.seen)
    await driver.run_command("video-admin setup")
    return await driver.wait_for_message(
        lambda m: (
            m["id"] not in before
            and bool(m["flags"] & EPHEMERAL)
            and "Video service" in all_text(m)
        )
    )


@pytest.mark.parametrize(
    ("balance_usd", "words"),
    [(250.0, "is enough"), (1.5, "balance is low"), (0.01, "balance is empty")],
)
async def test_a_moderator_is_told_how_much_is_left_without_the_figure(
    paying: Face, segmind: Provider, balance_usd: float, words: str
) -> None:
    """Nora moderates; Olga, who owns the application, sees the figure too."""
    await segmind.control("settings", {"credits_usd": balance_usd})
    async with paying.member("Nora") as nora, paying.member("Olga") as olga:
        for_nora, for_olga = all_text(await examined(nora)), all_text(await examined(olga))

    assert words in for_nora
    assert "USD" not in for_nora
    assert f"{balance_usd:.2f} USD" in for_olga


@pytest.mark.parametrize(("low_usd", "funds"), [(50.0, Funds.LOW), (5.0, Funds.ENOUGH)])
async def test_the_host_says_what_is_low(segmind: Provider, low_usd: float, funds: Funds) -> None:
    """A busy bot's host wants to know long before the last few videos."""
    await segmind.control("settings", {"credits_usd": 42.0})
    provider = SegmindClient(
        segmind.session,
        api_key=SecretStr(segmind.stand_in.api_key),
        api_base=segmind.stand_in.api_url,
        history_base=segmind.stand_in.api_url,
        upload_base=segmind.stand_in.api_url,
    )
    desk = AccountDesk(provider=provider, prices=load_prices(), low_balance_usd=low_usd)

    assert (await desk.account()).funds is funds


async def test_a_refused_key_is_said(paying: Face, segmind: Provider) -> None:
    """The host must mend it."""
    fault = {"on": "credits", "kind": "error", "status": 401}
    await segmind.control("faults", fault)
    async with paying.member("Nora") as nora:
        shown = all_text(await examined(nora))

    assert "the bot's key is refused" in shown


async def test_faults_of_the_server_are_shown_with_the_invite_link(
    face: Face, nora: MemberDriver
) -> None:
    """What the bot lacks where, and the permissions it needs and no others."""
    await face.control("bot-permissions", channel_id=VIDEO_ID, deny=1 << 15)
    await face.control("bot-permissions", channel_id=GENERAL_ID, deny=1 << 16)
    await face.control("bot-permissions", channel_id=LOG_ID, deny=1 << 10)
    chosen = (int(VIDEO_ID), int(GENERAL_ID))
    policy = GuildPolicy(allowed_channel_ids=chosen, log_channel_id=int(LOG_ID))
    await face.policies.set_policy(GUILD, policy, actor_id=1, now=now())

    async def known() -> bool:
        shown = all_text(await examined(nora))
        return f"in <#{VIDEO_ID}> the bot lacks **Attach Files**" in shown

    await until(known)
    page = await examined(nora)

    assert "4 things to mend" in all_text(page)
    assert f"in <#{GENERAL_ID}> the bot lacks **Read Message History**" in all_text(page)
    assert f"in <#{LOG_ID}> the bot lacks **View Channel**" in all_text(page)
    assert "it does not answer just now" in all_text(page)
    assert "permissions=274878008320" in str(page["components"])


async def test_a_mended_server_is_well(paying: Face) -> None:
    """After the bot was given what it lacked."""
    policy = GuildPolicy(log_channel_id=int(LOG_ID))
    await paying.policies.set_policy(GUILD, policy, actor_id=1, now=now())
    async with paying.member("Nora") as nora:
        shown = all_text(await examined(nora))

    assert "All is well" in shown
    assert f"the bot can post in <#{LOG_ID}>" in shown
