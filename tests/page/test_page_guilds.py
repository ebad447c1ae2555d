"""Guilds, moderators and their selects on the page, against the real Discord stand-in."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.seed import (
    ANIMATOR_ROLE_ID,
    BOT_ID,
    CLIPS_ID,
    EDITOR_ROLE_ID,
    GENERAL_ID,
    GUILD_ID,
    IVY_ID,
    LOG_ID,
    MIA_ID,
    MODERATOR_ROLE_ID,
    NIGHT_ID,
    NORA_ID,
    REMY_ID,
    SECOND_GUILD_ID,
    SVEN_ID,
    THEO_ID,
    VIDEO_ID,
)
from tests.discord_kit import control
from tests.page_browser import needs_chromium
from tests.page_kit import (
    DEFER_UPDATE,
    LAYOUT,
    MESSAGE,
    MODAL,
    UPDATE,
    Bot,
    choose,
    find,
    run_quota,
    write,
)

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.asyncio(loop_scope="module")]

ROLES, CHANNELS, USERS, LABEL = 6, 8, 5, 18


async def show_guild(page: Page, guild_id: str, name: str) -> None:
    """Clicks a guild in the rail."""
    await page.locator(f'[data-testid="guild"][data-guild-id="{guild_id}"]').click()
    await expect(find(page, "guild-name")).to_have_text(name)


async def become(page: Page, user_id: str) -> None:
    """Looks on as somebody else."""
    await find(page, "member-switch").click()
    await find(page, "member-list").locator(f'[data-value="{user_id}"]').click()
    await expect(find(page, "member-switch")).to_have_attribute("data-member-id", user_id)
    await expect(find(page, "app")).to_have_attribute("data-ready", "true")


async def pick(page: Page, custom_id: str, *values: str) -> None:
    """Opens a select, in a message or in a modal, and chooses."""
    select = page.locator(f'button[data-custom-id="{custom_id}"]')
    in_modal = find(page, f"modal-{custom_id}")
    await in_modal.or_(select).first.click()  # waits for whichever is still to come
    for value in values:
        await find(page, "picker").locator(f'[data-value="{value}"]').click()
    if await find(page, "picker").count():
        await page.get_by_role("button", name="Done").click()


async def test_a_click_in_the_rail_shows_the_other_guild(page: Page, bot: Bot) -> None:
    """Its channels, and commands that are sent there; each guild remembers its channel."""
    await page.get_by_role("button", name="general").click()
    await expect(find(page, "channel-title")).to_have_text("general")
    await show_guild(page, SECOND_GUILD_ID, "Second Studio")
    await expect(find(page, "channel-title")).to_have_text("clips")
    await expect(find(page, "channel")).to_have_text(["clips", "lounge"])
    asked = await run_quota(page, bot, MESSAGE, {"content": "here"})
    await show_guild(page, GUILD_ID, "Wan Workshop")

    assert (asked.guild_id, asked.channel_id) == (SECOND_GUILD_ID, CLIPS_ID)
    await expect(find(page, "channel-title")).to_have_text("general")


async def test_news_in_the_other_guild_mark_it(page: Page, bot: Bot) -> None:
    """Until its channel is looked at."""
    await bot.say(CLIPS_ID, "news")
    mark = page.locator(f'[data-guild-id="{SECOND_GUILD_ID}"]')
    await expect(mark).to_have_attribute("aria-label", "Second Studio (unread)")
    await show_guild(page, SECOND_GUILD_ID, "Second Studio")

    await expect(mark).to_have_attribute("aria-label", "Second Studio")
    await expect(find(page, "content")).to_have_text("news")


async def test_members_are_listed_with_what_they_are_in_this_guild(page: Page) -> None:
    """Their roles and how long they are there; then who is only elsewhere."""
    await find(page, "member-switch").click()
    people = find(page, "member-list")

    def row(user_id: str) -> Any:
        return people.locator(f'[data-value="{user_id}"] .option-detail')

    await expect(row(NORA_ID)).to_contain_text("Moderator, joined")
    await expect(row(REMY_ID)).to_contain_text("no roles, joined")
    await expect(row(IVY_ID)).to_have_text("no roles, joined 1 day ago")
    await expect(row(SVEN_ID)).to_have_text("owner in Second Studio")
    await page.keyboard.press("Escape")
    await show_guild(page, SECOND_GUILD_ID, "Second Studio")
    await find(page, "member-switch").click()

    await expect(row(REMY_ID)).to_contain_text("Producer, joined")
    await expect(row(NORA_ID)).to_have_text("Moderator in Wan Workshop")


async def test_moderators_see_their_log_and_members_do_not(page: Page, bot: Bot) -> None:
    """Looking on as somebody else stays in the guild, and in the channel when they see it."""
    log = page.locator(f'[data-testid="channel"][data-channel-id="{LOG_ID}"]')
    await expect(find(page, "channel").first).to_have_text("video")
    await expect(log).to_have_count(0)
    await become(page, NORA_ID)
    await log.click()
    await bot.say(LOG_ID, "blocked")
    await expect(find(page, "content")).to_have_text("blocked")
    await become(page, REMY_ID)

    await expect(find(page, "guild-name")).to_have_text("Wan Workshop")
    await expect(find(page, "channel-title")).to_have_text("video")
    await expect(log).to_have_count(0)


async def test_somebody_from_another_guild_is_shown_there(page: Page) -> None:
    """Sven is not in the first guild at all."""
    await become(page, SVEN_ID)

    await expect(find(page, "guild")).to_have_count(1)
    await expect(find(page, "guild-name")).to_have_text("Second Studio")
    await expect(find(page, "channel")).to_have_text(["clips", "lounge", "mod-log"])


async def test_a_role_given_changes_the_page_at_once(page: Page, stand_in: DiscordStandIn) -> None:
    """The channels, the commands and the line under the member's name."""
    wish = {"guild_id": GUILD_ID, "user_id": MIA_ID}
    await find(page, "composer-input").fill("/")
    picker = find(page, "command-picker")
    await expect(picker.locator('[data-value="quota"]')).to_be_visible()
    await control(stand_in, "member-roles", {**wish, "add": ["Moderator"]})
    log = page.locator(f'[data-testid="channel"][data-channel-id="{LOG_ID}"]')
    await expect(picker.locator('[data-value="policy"]')).to_be_visible()
    await log.click()
    await expect(find(page, "member-switch")).to_contain_text("Moderator")
    await control(stand_in, "member-roles", {**wish, "remove": ["Moderator"]})

    await expect(log).to_have_count(0)
    await expect(find(page, "channel-title")).to_have_text("video")
    await expect(find(page, "member-switch")).to_contain_text("no roles")


async def test_role_mentions_have_the_roles_name_and_colour(page: Page, bot: Bot) -> None:
    """And a message that mentions one's own role stands out."""
    await become(page, THEO_ID)
    await bot.say(VIDEO_ID, f"<@&{ANIMATOR_ROLE_ID}> and <@&{EDITOR_ROLE_ID}>")
    own, foreign = (
        page.locator(f'[data-role-id="{i}"]') for i in (ANIMATOR_ROLE_ID, EDITOR_ROLE_ID)
    )

    await expect(own).to_have_text("@Animator")
    await expect(own).to_have_css("color", "rgb(87, 242, 135)")
    await expect(foreign).to_have_text("@unknown role")
    await expect(find(page, "message")).to_contain_class("mentioned")


@pytest.mark.parametrize("layout", [False, True], ids=["V1", "V2"])
async def test_selects_in_a_message_offer_what_the_guild_has(
    page: Page, bot: Bot, *, layout: bool
) -> None:
    """Roles and channels of this guild only; the choice stays in view until the message changes."""
    selects = [
        {"type": ROLES, "custom_id": "roles", "placeholder": "Which roles?", "max_values": 2},
        {"type": CHANNELS, "custom_id": "places", "channel_types": [0], "max_values": 2},
    ]
    rows: list[Any] = [{"type": 1, "components": [select]} for select in selects]
    card = {"flags": LAYOUT, "components": [{"type": 17, "components": rows}]}
    await run_quota(page, bot, MESSAGE, card if layout else {"components": rows})
    await page.locator('button[data-custom-id="places"]').click()
    offered = find(page, "picker").get_by_role("option")
    await expect(offered).to_contain_text(["#video", "#general", "#after-dark"])
    await expect(offered).to_have_count(3)
    await page.keyboard.press("Escape")
    await pick(page, "roles", ANIMATOR_ROLE_ID, MODERATOR_ROLE_ID)
    asked = await bot.asked()
    await bot.answer(asked, DEFER_UPDATE)
    chosen = page.locator('button[data-custom-id="roles"]')
    await expect(chosen).to_have_text("Moderator, Animator")
    await pick(page, "places", GENERAL_ID)
    again = await bot.asked()
    await bot.answer(again, UPDATE, {"components": card["components"] if layout else rows})

    roles = asked.data["resolved"]["roles"]
    assert {role["name"] for role in roles.values()} == {"Moderator", "Animator"}
    assert again.data["resolved"]["channels"][GENERAL_ID]["name"] == "general"
    await expect(chosen).to_have_text("Which roles?")


async def test_defaults_of_selects_are_shown_and_can_be_changed(page: Page, bot: Bot) -> None:
    """What a policy says now is marked; the answer is the whole new choice."""
    default = {"id": ANIMATOR_ROLE_ID, "type": "role"}
    select = {"type": ROLES, "custom_id": "roles", "max_values": 3, "default_values": [default]}
    row = {"type": 1, "components": [select]}
    await run_quota(page, bot, MESSAGE, {"components": [row]})
    await expect(page.locator('button[data-custom-id="roles"]')).to_have_text("Animator")
    await pick(page, "roles", MODERATOR_ROLE_ID)
    asked = await bot.asked()

    assert asked.data["values"] == [ANIMATOR_ROLE_ID, MODERATOR_ROLE_ID]


async def test_selects_in_a_modal_send_whole_objects(page: Page, bot: Bot) -> None:
    """A role, a channel and a user select in one form, the last one left empty."""
    selects: list[Any] = [
        {"type": ROLES, "custom_id": "roles", "max_values": 2},
        {"type": CHANNELS, "custom_id": "places", "max_values": 2},
        {"type": USERS, "custom_id": "people", "required": False, "min_values": 0},
    ]
    labels = [{"type": LABEL, "label": s["custom_id"], "component": s} for s in selects]
    await run_quota(
        page, bot, MODAL, {"custom_id": "policy", "title": "Policy", "components": labels}
    )
    await pick(page, "roles", ANIMATOR_ROLE_ID)
    await pick(page, "places", GENERAL_ID, NIGHT_ID)
    await find(page, "modal-submit").click()
    asked = await bot.asked()
    await bot.answer(asked, MESSAGE, {"content": "saved"})

    await expect(find(page, "modal")).to_have_count(0)
    values = [label["component"]["values"] for label in asked.data["components"]]
    assert values == [[ANIMATOR_ROLE_ID], [GENERAL_ID, NIGHT_ID], []]
    assert asked.data["resolved"]["roles"][ANIMATOR_ROLE_ID]["color"] == 0x57F287
    assert set(asked.data["resolved"]["channels"]) == {GENERAL_ID, NIGHT_ID}


async def test_a_subcommand_is_named_in_full_over_its_answer(page: Page, bot: Bot) -> None:
    """It says what Mia used, group and all; a follow-up refers to it instead of repeating it."""
    leaf = {"type": 1, "name": "block", "description": "Block somebody"}
    await bot.offer({"name": "admin", "description": "x", "options": [leaf]})
    await choose(page, "admin block")
    await page.keyboard.press("Enter")
    asked = await bot.asked()
    await bot.answer(asked, MESSAGE, {"content": "done"})
    await bot.follow_up(asked, {"content": "and more"})

    await expect(find(page, "message")).to_have_count(2)
    await expect(find(page, "used")).to_have_count(1)
    await expect(find(page, "used")).to_contain_text("used /admin block")


async def test_a_thread_is_started_from_a_message(page: Page, bot: Bot) -> None:
    """It opens, begins with the message, takes commands, and hangs under its channel."""
    await write(page, "what a shot")
    await find(page, "message").hover()
    await find(page, "message-menu").click()
    await page.locator('[data-command="Create thread"]').click()
    await expect(find(page, "channel-title")).to_have_text("what a shot")
    await expect(find(page, "message")).to_contain_text("what a shot")
    asked = await run_quota(page, bot, MESSAGE, {"content": "420 left"})
    await page.locator(f'[data-testid="channel"][data-channel-id="{VIDEO_ID}"]').click()
    await find(page, "thread-link").click()

    assert asked.channel_id not in (VIDEO_ID, None)
    await expect(find(page, "channel-title")).to_have_text("what a shot")
    await expect(find(page, "channel").filter(has_text="what a shot")).to_have_count(1)


async def test_a_guild_that_the_bot_left_offers_nothing(
    page: Page, stand_in: DiscordStandIn
) -> None:
    """The page says so; in the other guild the commands are still there."""
    wish = {"guild_id": GUILD_ID, "user_id": BOT_ID, "present": False}
    await control(stand_in, "member", wish)
    picker = find(page, "command-picker")
    await find(page, "composer-input").fill("/")
    await expect(picker).to_contain_text("no commands")
    await find(page, "composer-input").fill("")
    await show_guild(page, SECOND_GUILD_ID, "Second Studio")
    await find(page, "composer-input").fill("/")

    await expect(picker.locator('[data-value="quota"]')).to_be_visible()


async def test_a_member_who_leaves_everything_sees_nothing(
    page: Page, stand_in: DiscordStandIn
) -> None:
    """Put out of one guild the page shows the other; put out of both it says so."""
    for guild_id in (GUILD_ID, SECOND_GUILD_ID):
        wish = {"guild_id": guild_id, "user_id": MIA_ID, "present": False}
        await control(stand_in, "member", wish)
        if guild_id == GUILD_ID:
            await expect(find(page, "guild-name")).to_have_text("Second Studio")

    await expect(find(page, "guild")).to_have_count(0)
    await expect(find(page, "empty-hint")).to_contain_text("sees no channel")
    await expect(find(page, "composer-input")).to_be_disabled()


async def test_the_rail_is_in_the_drawer_on_a_phone(page: Page) -> None:
    """On a narrow screen guilds and channels slide in together."""
    await page.set_viewport_size({"width": 390, "height": 800})
    await expect(find(page, "guild").first).to_be_hidden()
    await find(page, "drawer-button").click()
    await show_guild(page, SECOND_GUILD_ID, "Second Studio")
    await find(page, "channel").filter(has_text="lounge").click()

    await expect(find(page, "channel-title")).to_have_text("lounge")
    await expect(find(page, "guild").first).to_be_hidden()


async def test_the_language_is_the_member_s_own(
    page: Page, bot: Bot, stand_in: DiscordStandIn
) -> None:
    """The switch names commands at once, stays over a reload, and leaves other members theirs."""
    await bot.offer(
        {"name": "quota", "description": "Credits", "name_localizations": {"ja": "残高"}},
    )
    switch = find(page, "language-switch")
    await switch.select_option("ja")
    await find(page, "composer-input").fill("/")
    named = find(page, "command-picker").locator('[data-value="quota"]')
    await expect(named).to_contain_text("/残高")
    await page.keyboard.press("Escape")
    await page.reload()
    await expect(switch).to_have_value("ja")
    await become(page, NORA_ID)

    await expect(switch).to_have_value("en-US")
    assert stand_in.world.users[MIA_ID].locale == "ja"
