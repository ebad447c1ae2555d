"""The pure modules of the sandbox's page, run in the browser they are written for."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from tests.page_browser import CHROMIUM, SWITCHES, needs_chromium

PAGE = Path(__file__).parents[2] / "sandbox" / "page"
ORIGIN = "http://sandbox.test"
CONTENT_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

pytestmark = [pytest.mark.browser, needs_chromium]

Call: TypeAlias = Callable[..., Any]


def serve(route: Route) -> None:
    """Answers the browser's requests from the page's folder."""
    path = route.request.url.removeprefix(ORIGIN)
    file = PAGE / ("index.html" if path == "/" else path.removeprefix("/page/"))
    if file.is_file():
        route.fulfill(body=file.read_bytes(), content_type=CONTENT_TYPES[file.suffix])
    else:
        route.fulfill(status=404, body="")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """The page in Chromium, without a server behind it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=SWITCHES, env={**os.environ, "TZ": "UTC"}
        )
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto(f"{ORIGIN}/")
        yield page
        browser.close()


@pytest.fixture
def call(page: Page) -> Call:
    """Calls an exported function of one of the page's modules."""

    def run(module: str, function: str, *args: Any) -> Any:
        script = """async ([module, name, args]) =>
            (await import(`/page/js/${module}.js`))[name](...args)"""
        return page.evaluate(script, [module, function, list(args)])

    return run


@pytest.fixture
def render(page: Page) -> Callable[[str], str]:
    """Markdown as the HTML that stands in the page."""

    def run(text: str) -> str:
        script = """async (text) => {
            const { MarkdownView } = await import("/page/js/markdown_view.js");
            const { Store } = await import("/page/js/store.js");
            const store = new Store({ id: "7", name: "Mia", roles: [] });
            return new MarkdownView(store).blocks(text).innerHTML;
        }"""
        html: str = page.evaluate(script, text)
        return html

    return run


def text(value: str) -> dict[str, Any]:
    """A text node of the markdown tree."""
    return {"type": "text", "text": value}


GERMAN = {"id": "1", "name": "quota", "name_localized": "guthaben", "description": "Credits"}


def test_commands_are_found_by_their_names_in_both_languages(page: Page) -> None:
    """The member's own is shown; the English one, which guides name, finds it as well."""
    script = """async ([registered, typed]) => {
        const { flatten, matching } = await import("/page/js/commands.js");
        return matching(flatten(registered), typed).map(({ title, name }) => [title, name]);
    }"""
    found = [page.evaluate(script, [[GERMAN], typed]) for typed in ("gut", "quo", "x")]

    assert found == [[["/guthaben", "quota"]], [["/guthaben", "quota"]], []]


@pytest.mark.parametrize(("locale", "words"), [("de", "in 2 Stunden"), ("en-US", "in 2 hours")])
def test_clocks_speak_the_member_s_language(call: Call, locale: str, words: str) -> None:
    """As in Discord's own client."""
    call("timestamps", "speak", locale)
    said = call("timestamps", "formatTimestamp", 7200, "R", 0)
    call("timestamps", "speak", "en-US")

    assert said == words


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("**b**", {"type": "bold", "children": [text("b")]}),
        ("*i*", {"type": "italic", "children": [text("i")]}),
        ("_i_", {"type": "italic", "children": [text("i")]}),
        ("__u__", {"type": "underline", "children": [text("u")]}),
        ("~~s~~", {"type": "strike", "children": [text("s")]}),
        ("||s||", {"type": "spoiler", "children": [text("s")]}),
        ("`*c*`", {"type": "code", "text": "*c*"}),
        ("<@7>", {"type": "user", "id": "7"}),
        ("<@&8>", {"type": "role", "id": "8"}),
        ("<#9>", {"type": "channel", "id": "9"}),
        ("</jobs list:5>", {"type": "command", "name": "jobs list", "id": "5"}),
        ("<t:60:R>", {"type": "time", "unixS": 60, "style": "R"}),
        ("<t:60>", {"type": "time", "unixS": 60, "style": "f"}),
        ("<:ok:3>", {"type": "emoji", "name": "ok", "id": "3"}),
        ("***x***", {"type": "bold", "children": [{"type": "italic", "children": [text("x")]}]}),
        (
            "[here](https://a.test/b)",
            {"type": "link", "url": "https://a.test/b", "children": [text("here")]},
        ),
    ],
)
def test_inline_markdown_is_understood(call: Call, source: str, expected: dict[str, Any]) -> None:
    """Each of Discord's inline marks becomes its own node."""
    assert call("markdown", "parseInline", source) == [expected]


@pytest.mark.parametrize(
    "source",
    ["snake_case_name", "2 * 3 * 4", "[x](javascript:alert(1))", "a ** b", "#nothing", "<@mia>"],
)
def test_what_is_no_markdown_stays_text(call: Call, source: str) -> None:
    """Text that only resembles a mark is left as it was typed."""
    assert call("markdown", "parse", source) == [{"type": "paragraph", "children": [text(source)]}]


def test_blocks_are_told_apart(call: Call) -> None:
    """Headings, subtext, quotes, lists, code and paragraphs follow each other."""
    source = "# H\n-# small\n> a\n> b\n- x\n  - y\n```py\n*raw*\n```\nend"

    blocks = call("markdown", "parse", source)

    kinds = [block["type"] for block in blocks]
    assert kinds == ["heading", "subtext", "quote", "list", "code_block", "paragraph"]
    assert blocks[3]["children"][0]["children"][1]["type"] == "list"
    assert blocks[4]["text"] == "*raw*\n"


def test_user_text_never_becomes_markup(render: Callable[[str], str]) -> None:
    """HTML in a message is shown as text, wherever it stands."""
    evil = "<img src=x onerror=alert(1)>"

    html = render(f"{evil} **{evil}** `{evil}` ||{evil}||\n# {evil}\n```{evil}```")

    assert "<img" not in html
    assert html.count("&lt;img") == 6


def test_links_open_apart_from_the_page(render: Callable[[str], str]) -> None:
    """A link cannot reach back into the page that shows it."""
    html = render("https://a.test/x")

    assert 'target="_blank"' in html
    assert 'rel="noopener noreferrer"' in html


STRING, INTEGER, NUMBER = 3, 4, 10


@pytest.mark.parametrize(
    ("option", "typed", "expected"),
    [
        ({"type": STRING, "required": True}, " ", {"error": "This option is required."}),
        ({"type": STRING}, "", {"empty": True}),
        ({"type": STRING, "max_length": 3}, "🎬🎬🎬", {"value": "🎬🎬🎬"}),
        (
            {"type": STRING, "max_length": 3},
            "four",
            {"error": "Use at most 3 characters (now 4)."},
        ),
        ({"type": INTEGER}, "12", {"value": 12}),
        ({"type": INTEGER}, "1.5", {"error": "Enter a whole number."}),
        ({"type": INTEGER}, "99999999999999999999", {"error": "This number is too large."}),
        (
            {"type": INTEGER, "min_value": 1, "max_value": 5},
            "6",
            {"error": "Enter a number from 1 to 5."},
        ),
        ({"type": INTEGER, "min_value": 0}, "0", {"value": 0}),
        ({"type": INTEGER, "min_value": 0}, "-1", {"error": "Enter 0 or more."}),
        ({"type": NUMBER}, ".5", {"value": 0.5}),
        ({"type": NUMBER}, "half", {"error": "Enter a number."}),
        ({"type": NUMBER, "max_value": 1}, "1.01", {"error": "Enter 1 or less."}),
    ],
)
def test_typed_options_are_checked(
    call: Call, option: dict[str, Any], typed: str, expected: dict[str, Any]
) -> None:
    """What is typed becomes a value, nothing, or a sentence that says what is wrong."""
    assert call("validation", "checkText", option, typed) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "5 seconds ago"),
        (50, "in 1 minute"),
        (90 * 60, "in 2 hours"),
        (3 * 86400, "in 3 days"),
        (-800 * 86400, "2 years ago"),
    ],
)
def test_relative_times_read_like_discords(call: Call, seconds: int, expected: str) -> None:
    """A distance in time is told in its largest fitting unit."""
    now_s = 1_800_000_000

    shown = call("timestamps", "formatTimestamp", now_s + seconds, "R", now_s * 1000)

    assert shown == expected


def test_ids_are_ordered_by_number(call: Call) -> None:
    """Snowflakes of different length are not compared as text."""
    assert call("ids", "compareIds", "99", "100") < 0
    assert call("ids", "compareIds", "100", "100") == 0


def test_subcommands_are_listed_and_sent_at_their_depth(page: Page) -> None:
    """A subcommand is offered by its whole name and sent inside its group."""
    script = """async (root) => {
        const { flatten } = await import("/page/js/commands.js");
        const [command] = flatten([root]);
        return [command.title, command.payload([{ type: 3, name: "job", value: "x" }]).options];
    }"""
    leaf = {"type": 1, "name": "show", "options": [{"type": 3, "name": "job"}]}
    group = {"type": 2, "name": "log", "options": [leaf]}
    root = {"id": "1", "version": "2", "type": 1, "name": "jobs", "options": [group]}

    title, options = page.evaluate(script, root)

    filled = [{"type": 3, "name": "job", "value": "x"}]
    assert title == "/jobs log show"
    assert options == [
        {"type": 2, "name": "log", "options": [{"type": 1, "name": "show", "options": filled}]}
    ]


def test_morphing_keeps_what_the_reader_uses(page: Page) -> None:
    """A changed message keeps its focused button and its video, and shows the new text."""
    script = """async () => {
        const { h } = await import("/page/js/dom.js");
        const { morph } = await import("/page/js/morph.js");
        const card = (percent, extra) => h("div", {},
            h("p", {}, `${percent} %`),
            extra ? h("p", {}, "new line") : null,
            h("video", { src: `/clip.mp4?sig=${percent}` }),
            h("button", { data: { key: "cancel" } }, "Cancel"));
        const old = card(10, false);
        document.body.append(old);
        const video = old.querySelector("video");
        const button = old.querySelector("button");
        button.focus();
        morph(old, card(20, false));
        return [old.textContent, old.querySelector("video") === video,
            video.getAttribute("src"), document.activeElement === button];
    }"""

    assert page.evaluate(script) == ["20 %Cancel", True, "/clip.mp4?sig=10", True]
