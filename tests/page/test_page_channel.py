"""The sandbox's page against the real Discord stand-in; the test itself plays the bot over HTTP."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from sandbox.discord_api import DiscordStandIn
from sandbox.discord_api.message_body import MessageBody
from sandbox.discord_api.store import StoredMessage
from tests.page_browser import needs_chromium
from tests.page_kit import (
    CHOICES,
    DEFER,
    EPHEMERAL,
    LAYOUT,
    MESSAGE,
    MODAL,
    QUOTA,
    Bot,
    Clock,
    choose,
    find,
    run_quota,
    write,
)

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.asyncio(loop_scope="module")]

MESSAGES_A_PAGE = 50


def card(percent: int) -> dict[str, Any]:
    """A layout with a text and a button."""
    text = {"type": 10, "content": f"### Making it\n{percent} %"}
    button = {"type": 2, "style": 4, "label": "Cancel", "custom_id": "cancel"}
    row = {"type": 1, "components": [button]}
    components = [{"type": 17, "accent_color": 0x5865F2, "components": [text]}, row]
    return {"flags": LAYOUT, "components": components}


async def test_an_empty_channel_says_what_to_try(page: Page) -> None:
    """A stranger is offered the first commands; a click opens the form."""
    await find(page, "hint-animate").click()

    await expect(find(page, "command-form")).to_have_attribute("data-command", "animate")


async def test_a_command_reaches_the_bot_with_its_picture(page: Page, bot: Bot) -> None:
    """Keys alone fill and send a command; the bot gets the text and the attachment."""
    await find(page, "composer-input").fill("/ani")
    await expect(find(page, "command-picker").locator(".active")).to_contain_text("/animate")
    await page.keyboard.press("Tab")
    await find(page, "option-image-sample").click()
    await find(page, "preview").wait_for()
    await page.keyboard.type("a boat")
    await page.keyboard.press("Enter")
    asked = await bot.asked()

    options = {option["name"]: option["value"] for option in asked.data["options"]}
    attachment = asked.data["resolved"]["attachments"][options["image"]]
    assert options["prompt"] == "a boat"
    assert attachment["filename"] == "sample-picture.png"
    assert attachment["content_type"] == "image/png"
    assert (attachment["width"], attachment["height"]) == (960, 640)


async def test_a_press_on_a_command_counts_though_the_menu_is_renewed(page: Page, bot: Bot) -> None:
    """The commands are asked for again while the menu opens, and arrive when they arrive."""
    await find(page, "composer-input").fill("/quo")
    row = find(page, "command-picker").locator('[data-value="quota"]')
    await row.hover()
    await page.mouse.down()
    await bot.offer(QUOTA | {"description": "Changed meanwhile"})
    await expect(row).to_contain_text("Changed meanwhile")
    await page.mouse.up()

    await expect(find(page, "command-form")).to_have_attribute("data-command", "quota")


async def test_missing_and_wrong_options_are_explained_before_sending(page: Page, bot: Bot) -> None:
    """Nothing is sent while an option is missing or out of its range."""
    await choose(page, "animate")
    await find(page, "chip-steps").click()
    await find(page, "option-steps").fill("10")
    await find(page, "command-send").click()

    await expect(find(page, "error-image")).to_have_text("This option is required.")
    await expect(find(page, "error-prompt")).to_have_text("This option is required.")
    await expect(find(page, "error-steps")).to_have_text("Enter a number from 1 to 9.")
    assert not list(bot.stand_in.hub.interactions)


async def test_suggestions_know_the_other_options(page: Page, bot: Bot) -> None:
    """Autocomplete carries what is filled already, and a suggestion fills in its value."""
    await choose(page, "animate")
    await find(page, "option-prompt").fill("a boat")
    await find(page, "chip-model").click()
    asked = await bot.asked()
    await bot.answer(asked, CHOICES, {"choices": [{"name": "Wan 2.6 - 50", "value": "wan2.6"}]})
    await find(page, "option-model-list").get_by_role("option").click()

    assert asked.data["options"] == [
        {"type": 3, "name": "prompt", "value": "a boat"},
        {"type": 3, "name": "model", "value": "", "focused": True},
    ]
    await expect(find(page, "option-model")).to_have_attribute("data-value", "wan2.6")
    await expect(find(page, "option-model")).to_have_value("Wan 2.6 - 50")


async def test_a_refusal_of_the_server_is_shown_in_the_form(page: Page, bot: Bot) -> None:
    """What Discord answers to a command that it does not take stands in the form."""
    await choose(page, "quota")
    await bot.offer(QUOTA | {"description": "Changed meanwhile"})
    await page.keyboard.press("Enter")

    await expect(find(page, "command-error")).to_contain_text("outdated")
    await expect(find(page, "command-form")).to_be_visible()


async def test_a_card_changes_under_a_focused_button(page: Page, bot: Bot) -> None:
    """The card thinks, appears and changes in place, and the button keeps the focus."""
    asked = await run_quota(page, bot, DEFER)
    message = find(page, "message")
    await expect(message).to_have_attribute("data-loading", "true")
    await bot.edit(asked, card(10))
    await expect(message).to_contain_text("10 %")
    await find(page, "button").focus()
    await bot.edit(asked, card(20))
    await expect(message).to_contain_text("20 %")

    await expect(find(page, "button")).to_be_focused()
    await expect(message).to_have_count(1)
    await expect(find(page, "edited")).to_have_count(1)


async def test_a_reply_s_header_follows_the_card_it_answers(
    page: Page, bot: Bot, stand_in: DiscordStandIn
) -> None:
    """It shows the card as it is now, and says so when that is deleted."""
    asked = await run_quota(page, bot, MESSAGE, {"content": "In the making"})
    await bot.reply(asked, "Your video")
    header = find(page, "reply")
    await expect(header).to_contain_text("In the making")
    await bot.edit(asked, {"content": "Done"})
    await expect(find(page, "message").first).to_contain_text("Done")

    await expect(header.locator(".excerpt")).to_have_text("Done")
    stand_in.hub.messaging.delete(the_card(stand_in, asked))
    await expect(header).to_have_text("Original message was deleted")


async def test_a_reply_s_header_follows_a_card_too_old_to_be_loaded(
    page: Page, bot: Bot, stand_in: DiscordStandIn
) -> None:
    """The page knows that card only from the reply."""
    asked = await run_quota(page, bot, MESSAGE, {"content": "In the making"})
    chatter(stand_in, asked.channel_id)
    await bot.reply(asked, "Your video")
    await page.reload()
    header = find(page, "reply")
    await expect(header).to_contain_text("In the making")
    await expect(page.locator(f"#message-{asked.original_id}")).to_have_count(0)
    await bot.edit(asked, {"content": "Done"})

    await expect(header.locator(".excerpt")).to_have_text("Done")
    stand_in.hub.messaging.delete(the_card(stand_in, asked))
    await expect(header).to_have_text("Original message was deleted")


def the_card(stand_in: DiscordStandIn, asked: Any) -> StoredMessage:
    """The answer to an interaction."""
    card = stand_in.hub.messaging.store.get(asked.channel_id, asked.original_id)
    assert card is not None
    return card


def chatter(stand_in: DiscordStandIn, channel_id: str) -> None:
    """So many messages that the page does not load what was before them."""
    messaging, channel = stand_in.hub.messaging, stand_in.hub.world.channel(channel_id)
    assert channel is not None
    for number in range(MESSAGES_A_PAGE):
        body = MessageBody(content=f"chatter {number}")
        messaging.post(channel, messaging.new(channel, stand_in.members[0].id, body), None)


async def test_a_private_answer_can_be_dismissed(page: Page, bot: Bot) -> None:
    """An ephemeral message says so and goes away for good."""
    await run_quota(page, bot, MESSAGE, {"content": "420 left", "flags": EPHEMERAL})
    message = find(page, "message")
    await expect(message).to_have_attribute("data-ephemeral", "true")
    await find(message, "dismiss").click()

    await expect(message).to_have_count(0)


async def test_a_button_shows_that_the_bot_failed(page: Page, bot: Bot, clock: Clock) -> None:
    """A press that the bot leaves unanswered ends in words under the message."""
    await run_quota(page, bot, MESSAGE, card(50))
    button = find(page, "button")
    await button.click()
    asked = await bot.asked()
    await expect(button).to_have_attribute("aria-busy", "true")
    clock.ahead_s += 4

    await expect(find(page, "interaction-failed")).to_have_text("This interaction failed")
    assert asked.data["custom_id"] == "cancel"


async def test_a_silent_bot_is_reported_in_the_channel(page: Page, bot: Bot, clock: Clock) -> None:
    """A command that is not answered in time says so where its answer would stand."""
    await choose(page, "quota")
    await page.keyboard.press("Enter")
    await bot.asked()
    clock.ahead_s += 4

    await expect(find(page, "pending")).to_have_attribute("data-state", "failed")
    await expect(find(page, "pending")).to_contain_text("did not respond")


async def test_a_form_is_filled_checked_and_sent(page: Page, bot: Bot) -> None:
    """The bot's form refuses what is too short, then sends every kind of input."""
    parts = [
        {"type": 4, "custom_id": "words", "style": 1, "min_length": 3},
        {"type": 21, "custom_id": "size", "options": [{"label": "S", "value": "s"}]},
        {"type": 23, "custom_id": "agree"},
        {"type": 19, "custom_id": "file"},
    ]
    labels = [{"type": 18, "label": part["custom_id"], "component": part} for part in parts]
    form = {"custom_id": "form", "title": "A form", "components": labels}
    await run_quota(page, bot, MODAL, form)
    await find(page, "modal-words").fill("no")
    await find(page, "modal-submit").click()
    await expect(find(page, "modal")).to_contain_text("Use at least 3 characters")
    await find(page, "modal-words").fill("yes")
    await find(page, "modal-size-s").check()
    await find(page, "modal-agree").check()
    await find(page, "modal-file-sample").click()
    await find(page, "preview").wait_for()
    await find(page, "modal-submit").click()
    asked = await bot.asked()
    await bot.answer(asked, MESSAGE, {"content": "thanks"})

    await expect(find(page, "modal")).to_have_count(0)
    words, size, agree, file = (label["component"] for label in asked.data["components"])
    assert words["value"] == "yes"
    assert size["value"] == "s"
    assert agree["value"] is True
    [attachment] = asked.data["resolved"]["attachments"].values()
    assert file["values"] == [attachment["id"]]


async def test_members_see_the_commands_they_may_use(page: Page, stand_in: DiscordStandIn) -> None:
    """Switching to a moderator shows the moderators' command."""
    moderator = next(member for member in stand_in.members if "Moderator" in member.roles)
    picker = find(page, "command-picker")
    await find(page, "composer-input").fill("/")
    await expect(picker.locator('[data-value="quota"]')).to_be_visible()
    await expect(picker.locator('[data-value="policy"]')).to_have_count(0)
    await find(page, "member-switch").click()
    await find(page, "member-list").locator(f'[data-value="{moderator.id}"]').click()
    await expect(find(page, "member-switch")).to_have_attribute("data-member-id", moderator.id)
    await find(page, "composer-input").fill("/")

    await expect(picker.locator('[data-value="policy"]')).to_be_visible()


async def test_what_was_missed_arrives_after_a_lost_connection(
    page: Page, stand_in: DiscordStandIn
) -> None:
    """The page connects again by itself, even when its session is gone."""
    await write(page, "before")
    await expect(find(page, "message")).to_have_count(1)
    dropped = stand_in.hub.gateway.drop(code=4000, forget=True, bots_only=False)
    await write(page, "meanwhile")

    assert dropped == 1
    await expect(find(page, "message")).to_have_count(2)
    await expect(find(page, "app")).to_have_attribute("data-ready", "true")


async def test_markup_in_a_message_is_only_text(page: Page) -> None:
    """A member cannot put elements into the page."""
    evil = "<img src=x onerror=alert(1)>"
    await write(page, evil)

    await expect(find(page, "content")).to_have_text(evil)
    assert await find(page, "content").locator("img").count() == 0


async def test_a_link_to_a_message_is_followed_inside_the_page(
    page: Page, stand_in: DiscordStandIn
) -> None:
    """A Discord address leads to the channel and message here, not to Discord."""
    await write(page, "the target")
    target = await find(page, "message").get_attribute("data-message-id")
    await page.get_by_role("button", name="general").click()
    await expect(find(page, "channel-title")).to_have_text("general")
    place = f"{stand_in.guild_id}/{stand_in.channel_id}/{target}"
    await write(page, f"https://discord.com/channels/{place}")
    await find(page, "content").get_by_role("link").click()

    await expect(find(page, "channel-title")).to_have_text("video")
    await expect(page.locator(f"#message-{target}")).to_be_focused()


async def test_messages_are_walked_and_opened_by_keys(page: Page) -> None:
    """Arrow up leaves the empty message box for the messages; their menu opens from there."""
    for words in ("first", "second"):
        await write(page, words)
        await expect(find(page, "message").last).to_contain_text(words)
    await page.keyboard.press("ArrowUp")
    await expect(find(page, "message").last).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(find(page, "message").first).to_be_focused()
    await page.keyboard.press("Shift+F10")
    await expect(find(page, "menu")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(find(page, "message").first).to_be_focused()
    await page.keyboard.press("Escape")

    await expect(find(page, "composer-input")).to_be_focused()
