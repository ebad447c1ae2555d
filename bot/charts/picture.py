"""Draws the pictures: dark, and readable on a phone that shows them 400 pixels wide.

Everything is placed in pixels of a sheet 1,000 wide, from the top down. The fonts are checked
before: matplotlib would warn of each character it lacks, and draw a box.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cache

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.patches import Rectangle
from PIL import Image

from bot.charts.data import ChartData, Share
from bot.charts.words import compact, cut, dollars, drawable, lasting, span

WIDTH = 1000
_DPI = 100
_POINTS_PER_PIXEL = 72 / _DPI
_MARGIN = 44
_RIGHT = WIDTH - _MARGIN
_GAP = 44
_HALF = (_RIGHT - _MARGIN - _GAP) / 2
# Shown at 400 pixels these are 10, 11, 12, 14 and 18 high.
_TINY, _SMALL, _NORMAL, _LARGE, _HUGE = 25, 27, 30, 36, 46
_SQUEEZED = 0.8

# Discord's own dark colours, so that a picture sits in the message as if it belonged there.
_GROUND, _GRID, _EMPTY = "#2b2d31", "#40434a", "#383a40"
_TEXT, _MUTED = "#f2f3f5", "#b5bac1"
_BLUE, _GREEN, _YELLOW, _RED, _PINK = "#8b95f9", "#57d38c", "#f0b232", "#f2686c", "#eb7fc0"

# Matplotlib brings the first; the others are taken where the host has them installed.
_FAMILIES = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans CJK KR",
    "Noto Sans Thai",
    "Noto Sans Devanagari",
)
# More days are drawn as one outline: single bars would be thinner than a pixel of the phone.
_MOST_BARS = 62
_DAY_TICKS = 4
_DAYS_TOP, _DAYS_STEP, _DAYS_HEIGHT = 286, 180, 104
_SHARES_TOP = 50
_ROW = 70
# Ten colours and the shades of their edges.
_COLOURS = 128
_ENDED_HEIGHT = 200


def draw(data: ChartData) -> tuple[bytes, bytes]:
    """Return two pictures as PNG: what happened day by day, and who and what it was.

    Two, for Discord shows a picture at most so high: one of both would be half as wide.
    """
    return _over_time(data), _in_parts(data)


def _over_time(data: ChartData) -> bytes:
    sheet = _Sheet(_DAYS_TOP + 3 * _DAYS_STEP + 20)
    _head(sheet, data)
    _days(sheet, data)
    return sheet.png()


def _in_parts(data: ChartData) -> bytes:
    rows = max(len(data.models), len(data.members), 1)
    ended_top = _SHARES_TOP + 80 + rows * _ROW
    sheet = _Sheet(ended_top + _ENDED_HEIGHT)
    middle = _MARGIN + _HALF + _GAP
    for x, title, shares, colour in (
        (_MARGIN, "By model, credits", data.models, _PINK),
        (middle, "Top members, credits", data.members, _BLUE),
    ):
        sheet.text(x, _SHARES_TOP, title, _NORMAL, weight="bold")
        _shares(sheet, shares, x, _SHARES_TOP + 56, colour)
    _ended(sheet, data, ended_top)
    return sheet.png()


# -- the sheet ---------------------------------------------------------------------------


class _Sheet:
    """A dark page on which everything is placed in pixels from its upper left corner."""

    def __init__(self, height: float) -> None:
        self._height = height
        self._figure = Figure(figsize=(WIDTH / _DPI, height / _DPI), dpi=_DPI, facecolor=_GROUND)
        self._canvas = FigureCanvasAgg(self._figure)
        self._page = self._figure.add_axes((0, 0, 1, 1))
        self._page.set_axis_off()
        self._page.set_xlim(0, WIDTH)
        self._page.set_ylim(height, 0)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        *,
        colour: str = _TEXT,
        align: str = "left",
        weight: str = "normal",
    ) -> None:
        """Write words; `y` is their middle. A dollar sign is a dollar sign."""
        self._page.text(
            x,
            y,
            words,
            color=colour,
            fontproperties=_font(size, weight),
            horizontalalignment=align,
            verticalalignment="center",
            parse_math=False,
        )

    def width(self, words: str, size: float, weight: str = "normal") -> float:
        """Return how many pixels words take."""
        taken, _, _ = self._canvas.get_renderer().get_text_width_height_descent(
            words, _font(size, weight), ismath=False
        )
        return float(taken)

    def fits(self, size: float, width: float, weight: str = "normal") -> Callable[[str], bool]:
        """Return what tells whether words are at most so many pixels wide."""
        return lambda words: self.width(words, size, weight) <= width

    def block(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle; `x`, `y` is its upper left corner."""
        self._page.add_patch(Rectangle((x, y), width, height, facecolor=colour))

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Return axes in a rectangle of the page."""
        bottom = 1 - (y + height) / self._height
        made = self._figure.add_axes(
            (x / WIDTH, bottom, width / WIDTH, height / self._height), facecolor=_GROUND
        )
        for side, spine in made.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(_GRID)
        made.tick_params(length=0, pad=6)
        made.set_axisbelow(True)
        return made

    def png(self) -> bytes:
        """Return what was drawn; a palette takes a third of the bytes."""
        self._canvas.draw()
        image = Image.fromarray(np.asarray(self._canvas.buffer_rgba())).convert("RGB")
        out = io.BytesIO()
        image.quantize(_COLOURS).save(out, "PNG", optimize=True)
        return out.getvalue()


def _font(size: float, weight: str = "normal") -> FontProperties:
    return FontProperties(family=list(_families()), size=size * _POINTS_PER_PIXEL, weight=weight)


@cache
def _families() -> tuple[str, ...]:
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    return tuple(family for family in _FAMILIES if family in installed)


@cache
def _fonts() -> tuple[FT2Font, ...]:
    found = (font_manager.findfont(FontProperties(family=[name])) for name in _families())
    return tuple(font_manager.get_font(path) for path in found)


def has_glyph(character: str) -> bool:
    """Tell whether one of the fonts has this character."""
    return any(font.get_char_index(ord(character)) for font in _fonts())


# -- the parts ---------------------------------------------------------------------------


def _head(sheet: _Sheet, data: ChartData) -> None:
    days = len(data.days)
    title = "Videos, today" if days == 1 else f"Videos, last {days} days"
    sheet.text(_MARGIN, 58, title, _LARGE, weight="bold")
    when = f"{span(data.days[0].day, data.days[-1].day)} · {data.zone}"
    shown = cut(when, sheet.fits(_SMALL, _RIGHT - _MARGIN))
    sheet.text(_MARGIN, 108, shown, _SMALL, colour=_MUTED)
    tiles = (
        ("videos", compact(sum(day.jobs for day in data.days)), _BLUE),
        ("credits", compact(sum(day.credits for day in data.days)), _YELLOW),
        (_usd_words(data), dollars(sum(day.usd for day in data.days)), _GREEN),
        ("succeeded", "-" if data.success is None else _percent(data.success), _TEXT),
    )
    width = (_RIGHT - _MARGIN) / len(tiles)
    room = sheet.fits(_HUGE, width - 20, "bold")
    # All of one size: a smaller one would look less important.
    size = _HUGE if all(room(value) for _, value, _ in tiles) else _HUGE * _SQUEEZED
    for number, (label, value, colour) in enumerate(tiles):
        x = _MARGIN + number * width
        sheet.text(x, 178, value, size, colour=colour, weight="bold")
        sheet.text(x, 226, label, _SMALL, colour=_MUTED)


def _usd_words(data: ChartData) -> str:
    return "USD (estimate)" if data.estimated else "USD"


def _percent(share: float) -> str:
    """Return "94 %"; what is not all or nothing never looks like it."""
    percent = round(100 * share)
    if 0 < share < 1:
        percent = min(99, max(1, percent))
    return f"{percent} %"


def _days(sheet: _Sheet, data: ChartData) -> None:
    days = [day.day for day in data.days]
    panels: tuple[tuple[str, str, list[float], Callable[[float], str]], ...] = (
        ("Videos a day", _BLUE, [day.jobs for day in data.days], compact),
        ("Credits a day", _YELLOW, [day.credits for day in data.days], compact),
        ("USD a day", _GREEN, [day.usd for day in data.days], dollars),
    )
    for number, (label, colour, values, words) in enumerate(panels):
        top = _DAYS_TOP + number * _DAYS_STEP
        sheet.text(_MARGIN, top, label, _NORMAL, weight="bold")
        most = f"most {words(max(values))}"
        sheet.text(_RIGHT, top, most, _SMALL, colour=_MUTED, align="right")
        axes = sheet.axes(_MARGIN, top + 32, _RIGHT - _MARGIN, _DAYS_HEIGHT)
        _bars(axes, values, colour)
        _grid(axes, max(values))
    _day_labels(sheet, days, _DAYS_TOP + 2 * _DAYS_STEP + 32 + _DAYS_HEIGHT + 26)


def _bars(axes: Axes, values: Sequence[float], colour: str) -> None:
    count = len(values)
    axes.set_xlim(-0.5, count - 0.5)
    if count <= _MOST_BARS:
        axes.bar(range(count), values, width=min(0.8, count / 12), color=colour)
        return
    # The step of a day goes from its left edge to its right one.
    edges = [number - 0.5 for number in range(count + 1)]
    axes.fill_between(edges, [*values, values[-1]], step="post", color=colour, linewidth=0)


def _grid(axes: Axes, most: float) -> None:
    """Draw a line at the most, which the words above the panel name, and one at its half."""
    axes.set_ylim(0, most * 1.03 or 1)
    axes.set_xticks([])
    axes.set_yticks([most / 2, most], labels=["", ""])
    axes.grid(axis="y", color=_GRID, linewidth=1.5)


def _day_labels(sheet: _Sheet, days: Sequence[date], y: float) -> None:
    width = (_RIGHT - _MARGIN) / len(days)
    for index in _spread(len(days), _DAY_TICKS):
        x = _MARGIN + (index + 0.5) * width
        day = days[index]
        align = "left" if index == 0 and len(days) > 1 else "center"
        align = "right" if index == len(days) - 1 and len(days) > 1 else align
        x = {"left": _MARGIN, "right": _RIGHT}.get(align, x)
        sheet.text(x, y, f"{day.day} {day:%b}", _SMALL, colour=_MUTED, align=align)


def _spread(count: int, most: int) -> Iterator[int]:
    """Give at most so many indexes, evenly from the first to the last."""
    shown = min(count, most)
    return iter(sorted({round(n * (count - 1) / max(1, shown - 1)) for n in range(shown)}))


def _shares(sheet: _Sheet, shares: Sequence[Share], x: float, top: float, colour: str) -> None:
    if not shares:
        sheet.text(x, top, "none yet", _SMALL, colour=_MUTED)
    most = max((share.credits for share in shares), default=0) or 1
    for number, share in enumerate(shares):
        y = top + number * _ROW
        value = compact(share.credits)
        room = _HALF - 24 - sheet.width(value, _SMALL)
        name = drawable(share.name, share.otherwise, has_glyph)
        sheet.text(x, y, cut(name, sheet.fits(_SMALL, room)), _SMALL)
        sheet.text(x + _HALF, y, value, _SMALL, colour=_MUTED, align="right")
        sheet.block(x, y + 20, _HALF, 12, _EMPTY)
        sheet.block(x, y + 20, _HALF * share.credits / most, 12, colour)


def _ended(sheet: _Sheet, data: ChartData, top: float) -> None:
    sheet.text(_MARGIN, top, "What became of them", _NORMAL, weight="bold")
    parts = (
        (data.delivered, "delivered", _GREEN),
        (data.lost, "failed", _RED),
        (data.not_wanted, "cancelled", _MUTED),
        (data.under_way, "under way", _BLUE),
    )
    whole = sum(count for count, _, _ in parts)
    sheet.block(_MARGIN, top + 32, _RIGHT - _MARGIN, 22, _EMPTY)
    x = at = float(_MARGIN)
    for count, label, colour in parts:
        width = (_RIGHT - _MARGIN) * count / (whole or 1)
        sheet.block(x, top + 32, width, 22, colour)
        x += width
        words = f"{compact(count)} {label}"
        sheet.block(at, top + 76, 18, 18, colour)
        sheet.text(at + 26, top + 85, words, _TINY)
        at += 26 + sheet.width(words, _TINY) + 22
    fitting = cut(_waiting_words(data), sheet.fits(_SMALL, _RIGHT - _MARGIN))
    sheet.text(_MARGIN, top + 150, fitting, _SMALL)


def _waiting_words(data: ChartData) -> str:
    if data.waiting_median_s is None or data.waiting_p90_s is None:
        return "No video was delivered, so nobody waited for one."
    half, most = lasting(data.waiting_median_s), lasting(data.waiting_p90_s)
    return f"Waiting time: half {half} at most, nine in ten {most}"
