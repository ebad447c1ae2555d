"""Every text that members see can be translated: none is a bare literal."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unwrapped import unwrapped

ROOT = Path(__file__).parent.parent
FOLDERS = ("bot/discord_ui", "bot/jobs", "bot/media", "bot/quota", "bot/wordfilter", "cogs")
FILES = ("bot/words.py", "bot/request.py", "bot/moderation.py", "bot/delivery.py", "bot/policy.py")
# What is English on purpose, by how it begins.
ALLOWED: Mapping[str, tuple[str, ...]] = {
    # The log channel is the server's, not one member's, and in English. So are the reasons for
    # approval, which are kept with the job and shown there.
    "bot/discord_ui/admin/notices.py": ("",),
    "bot/moderation.py": (
        *("Every video needs", "The member ", "It costs ", "It is not known whether"),
        "negative prompt",  # which field the filter refused, as a value
    ),
    # Names of commands and contexts, which the translator looks up.
    "bot/discord_ui/pages.py": ("Animate this",),
    "bot/discord_ui/signature.py": ("Which model makes",),
    "bot/discord_ui/translator.py": ("",),
    "cogs/animate_this.py": ("Animate this",),
    "cogs/generation.py": ("Bring a picture to life", "Make a video from words"),
    "cogs/moderate_video.py": ("Moderate video",),
    # A currency's sign between numbers.
    "bot/discord_ui/admin/stats.py": ("{} · {}{} USD",),
    # Kept in the database, and shown to moderators in the log, which is English.
    "bot/jobs/video_desk.py": ("Deleted by its own member",),
    # For the host's logs only, or no words at all.
    "bot/discord_ui/card_edits.py": ("token {}", "channel {}"),
    "bot/discord_ui/edit_calls.py": ("status {}", "watched call"),
    "bot/jobs/budget.py": ("this one",),
    # What the host's command line says, and the file of a server that it writes.
    "bot/jobs/care.py": ("",),
    "bot/jobs/export_file.py": ("What this bot keeps about a server",),
    "bot/jobs/engine_file.py": ("PRAGMA", "Run the bot with", "This machine's SQLite"),
    "bot/jobs/follow.py": ("no answer", "no reason"),
    "bot/jobs/order.py": ("order {} costs",),
    "bot/jobs/locks.py": ("lost the lock",),
    # What the host is told on Discord, and what its log says.
    "bot/discord_ui/command_differences.py": ("not of this version",),
    "bot/discord_ui/host_messages.py": ("",),
    "bot/discord_ui/host_post.py": ("HOST_", "it is no channel", "the bot may not"),
    "bot/jobs/host_desk.py": ("",),
    # What `/readyz` says to the host.
    "bot/jobs/provider_look.py": (
        "out of order since {} UTC",
        "SEGMIND_API_KEY is refused",
    ),
    "bot/jobs/submit_notes.py": ("job {}: {}",),
    "bot/media/download.py": ("The server answered HTTP",),
    "bot/wordfilter/compiled.py": ("Filter rule {} does not", "There is no built-in list"),
    # Prompts to try rules on, and what RE2's own messages begin with.
    "bot/wordfilter/checks.py": ("A small dog", "slow zoom", "Two old friends"),
    "bot/wordfilter/expressions.py": (
        *("no argument", "bad repetition", "invalid ", "pattern too"),
        "It is not a valid regular expression",  # with RE2's words, which are English
    ),
}


def modules() -> list[str]:
    """Return all modules that speak to members."""
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return sorted({*(str(path.relative_to(ROOT)) for path in found), *FILES})


@pytest.mark.parametrize("module", modules())
def test_no_text_is_left_out_of_the_catalogues(module: str) -> None:
    """Each is looked up, or marked for it; what stays English says why."""
    allowed = ALLOWED.get(module, ())
    found = unwrapped((ROOT / module).read_text(encoding="utf-8"))

    assert [text for _, text in found if not text.startswith(allowed)] == []


@pytest.mark.parametrize(
    "code",
    [
        'words = "Nobody has one."',
        'words = f"{n} videos"',
        'words = f"ends {when}"',
        'raise BadInputError("Gone.")',
        'ui.TextDisplay("Done")',
        'ui.Button(label="Back")',
        'button("Back", "page")',
        'gettext(words).format(mark="of the host")',
        'gettext("All" if many else words)',
        'send(content=f"✅ {who}: ready")',
    ],
)
def test_bare_words_are_found(code: str) -> None:
    """As prose wherever it stands, as single words where a component shows them."""
    assert list(unwrapped(code))


@pytest.mark.parametrize(
    "code",
    [
        '"""A module of docs."""',
        'gettext("Nobody has one.")',
        'TABLE = {1: N_("Nobody has one.")}',
        'ngettext("{n} video", "{n} videos", n)',
        'log.warning("it broke down")',
        'raise ValueError("no such thing")',
        'ui.TextDisplay(f"### {title} · <t:{at}:R>")',
        'ui.Button(label=gettext("Back"), custom_id="job:back")',
        'super().__init__(name="setup", description="Whether all is in order")',
        'url = f"https://discord.com/channels/{guild}/{channel}"',
    ],
)
def test_what_is_looked_up_or_nobody_s_is_left_alone(code: str) -> None:
    """Logs, faults of the program, values, and the commands' own texts."""
    assert list(unwrapped(code)) == []
