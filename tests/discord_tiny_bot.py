"""A small real discord.py bot whose commands touch what a bot touches."""

import io
from typing import Any

import discord
from discord import app_commands
from PIL import Image


class AskModal(discord.ui.Modal, title="Tell me more"):
    """A modal with a label and a text input."""

    prompt: discord.ui.TextInput["AskModal"] = discord.ui.TextInput(
        label="Prompt", custom_id="prompt", min_length=2, max_length=20
    )

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        """Answers with what was typed."""
        await interaction.response.send_message(f"you said {self.prompt.value}", ephemeral=True)


class CardView(discord.ui.View):
    """Buttons and a select under a card."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Ask", custom_id="ask")
    async def ask(
        self, interaction: discord.Interaction[Any], _button: discord.ui.Button["CardView"]
    ) -> None:
        """Opens a modal."""
        await interaction.response.send_modal(AskModal())

    @discord.ui.button(label="Cancel", custom_id="cancel", style=discord.ButtonStyle.danger)
    async def cancel(
        self, interaction: discord.Interaction[Any], _button: discord.ui.Button["CardView"]
    ) -> None:
        """Changes the card in place."""
        await interaction.response.edit_message(content="cancelled", view=None)

    @discord.ui.select(
        custom_id="size",
        options=[discord.SelectOption(label="Small", value="s"), discord.SelectOption(label="Big")],
    )
    async def size(
        self, interaction: discord.Interaction[Any], select: discord.ui.Select["CardView"]
    ) -> None:
        """Defers, then follows up."""
        await interaction.response.defer()
        await interaction.followup.send(f"chose {select.values[0]}", ephemeral=True)


class TinyBot(discord.Client):
    """Commands that touch what a bot touches."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True),
            guild_ready_timeout=0.05,
            **options,
        )
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Interaction[Any]] = []
        self.messages: list[discord.Message] = []
        self.resumed = 0
        self.errors: list[Exception] = []
        add_failure_handler(self)
        for add in (add_animate, add_delivery, add_layout, add_dm, add_others, add_lookups):
            add(self.tree)

    async def setup_hook(self) -> None:
        """Registers commands and keeps the views alive."""
        self.add_view(CardView())
        await self.tree.sync()

    async def before_identify_hook(self, _shard_id: int | None, *, initial: bool = False) -> None:
        """Does not wait five seconds between identifies, as the default does for Discord."""

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Remembers interactions."""
        self.heard.append(interaction)

    async def on_message(self, message: discord.Message) -> None:
        """Remembers messages."""
        self.messages.append(message)

    async def on_resumed(self) -> None:
        """Counts resumes."""
        self.resumed += 1


class ShardedBot(TinyBot, discord.AutoShardedClient):
    """The tiny bot on several shards."""


def add_failure_handler(bot: TinyBot) -> None:
    """Keeps what goes wrong in commands, for the tests to look at."""

    @bot.tree.error
    async def failed(_interaction: discord.Interaction[Any], error: Exception) -> None:
        bot.errors.append(error)


def add_animate(tree: app_commands.CommandTree[Any]) -> None:
    """A deferred command with an attachment and autocomplete."""

    async def styles(
        interaction: discord.Interaction[Any], current: str
    ) -> list[app_commands.Choice[str]]:
        steps = getattr(interaction.namespace, "steps", None)
        names = [f"{current}-{number}-{steps}" for number in range(3)]
        return [app_commands.Choice(name=name, value=name) for name in names]

    @tree.command(description="Makes a picture move")
    @app_commands.autocomplete(style=styles)
    async def animate(
        interaction: discord.Interaction[Any],
        image: discord.Attachment,
        prompt: app_commands.Range[str, 1, 100],
        steps: app_commands.Range[int, 1, 10] = 3,
        style: str = "plain",
    ) -> None:
        await interaction.response.defer(thinking=True)
        content = await image.read()
        size = f"{image.width}x{image.height} {len(content)}"
        text = f"{prompt} {steps} {style} {size} {image.content_type}"
        await interaction.edit_original_response(content=text, view=CardView())
        await interaction.followup.send("only for you", ephemeral=True)


def add_delivery(tree: app_commands.CommandTree[Any]) -> None:
    """A reply with a file, sent twice under one nonce."""

    @tree.command(description="Posts a file as a reply")
    async def deliver(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("working")
        card = await interaction.original_response()
        for _ in range(2):  # the nonce makes the second one harmless
            sent = await interaction.client.get_partial_messageable(card.channel.id).send(
                f"{interaction.user.mention} done",
                file=discord.File(io.BytesIO(b"video"), "clip.mp4"),
                reference=card,
                nonce=str(interaction.id),
                allowed_mentions=discord.AllowedMentions(users=True, replied_user=False),
            )
        await card.edit(content=f"sent {sent.id}")


def add_layout(tree: app_commands.CommandTree[Any]) -> None:
    """A Components V2 message with an upload."""

    @tree.command(description="Shows a layout")
    async def layout(interaction: discord.Interaction[Any]) -> None:
        view = discord.ui.LayoutView(timeout=None)
        box: discord.ui.Container[Any] = discord.ui.Container(accent_color=0x112233)
        box.add_item(discord.ui.TextDisplay("## A card"))
        gallery: discord.ui.MediaGallery[Any] = discord.ui.MediaGallery()
        gallery.add_item(media="attachment://dot.png", description="a dot")
        box.add_item(gallery)
        view.add_item(box)
        await interaction.response.send_message(view=view, file=discord.File(dot(), "dot.png"))


def add_dm(tree: app_commands.CommandTree[Any]) -> None:
    """A direct message."""

    @tree.command(description="Writes a direct message")
    async def dm(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            await interaction.user.send("hello in private")
            await interaction.followup.send("sent")
        except discord.Forbidden as error:
            await interaction.followup.send(f"closed {error.code}")


def add_others(tree: app_commands.CommandTree[Any]) -> None:
    """A command that never answers, and one for moderators."""

    @tree.command(description="Never answers")
    async def silent(_interaction: discord.Interaction[Any]) -> None:
        return

    @tree.command(description="For moderators")
    @app_commands.default_permissions(manage_guild=True)
    async def moderate(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("done", ephemeral=True)


def add_lookups(tree: app_commands.CommandTree[Any]) -> None:
    """A message command and a sub-command."""

    @tree.context_menu(name="Look at this")
    async def look(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        names = [attachment.filename for attachment in message.attachments]
        await interaction.response.send_message(f"{message.content} {names}", ephemeral=True)

    group = app_commands.Group(name="policy", description="Rules")

    @group.command(name="show", description="Shows the rules")
    async def show(
        interaction: discord.Interaction[Any], who: discord.Member, where: discord.TextChannel
    ) -> None:
        await interaction.response.send_message(f"{who.display_name} in {where.name}")

    tree.add_command(group)


def dot() -> io.BytesIO:
    """A small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(file, "png")
    file.seek(0)
    return file
