"""Checks the machine: folders, disk, prices, ffmpeg, languages, the port for watching. Blocking."""

import errno
import gettext
import http.client
import shutil
import socket
import struct
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bot import __version__, i18n
from bot.doctoring.diagnosis import Diagnosis, hint, well, wrong
from bot.errors import ConfigurationError
from bot.media import ffmpeg_program
from bot.pricing import load_prices
from bot.reporting import open_reporting
from bot.settings import Settings

_BYTES_IN_MB = 1e6
# Room for less than so many videos is soon room for none.
_LOW_VIDEOS = 5
_OURS = b'{"live": true}'
_ASK_S = 1.0


def check_folders(settings: Settings) -> Diagnosis:
    """Make the folders and write into them; ConfigurationError when that cannot be done."""
    settings.make_data_dir()
    others = [] if settings.kept_dir is None else [settings.kept_dir]
    names = " and ".join(str(folder) for folder in (settings.data_dir, *others))
    return well("folders", f"{names} can be written")


def check_disk(settings: Settings) -> Diagnosis:
    """See how much room there is for videos on their way, and for those that wait."""
    free_bytes = _free_bytes(settings.data_dir)
    kept_free_bytes = _free_bytes(settings.kept_folder)
    figures = {"free_bytes": free_bytes, "kept_free_bytes": kept_free_bytes}
    one_bytes = settings.video_max_bytes
    for name, folder, free in (
        ("DATA_DIR", settings.data_dir, free_bytes),
        ("KEPT_DIR", settings.kept_folder, kept_free_bytes),
    ):
        words = f"{_mb(free)} are free in {name} ({folder})"
        if free < one_bytes:
            remedy = f"Make room: one video may take {_mb(one_bytes)} (VIDEO_MAX_BYTES)."
            return wrong("disk", f"{words}: too little for a video.", remedy, **figures)
        if free < _LOW_VIDEOS * one_bytes:
            remedy = f"Make room for {_LOW_VIDEOS} videos of {_mb(one_bytes)} (VIDEO_MAX_BYTES)."
            return wrong("disk", f"{words}: that is little.", remedy, **figures)
    if settings.kept_max_bytes > kept_free_bytes + _used_bytes(settings.kept_folder):
        return hint(
            "disk",
            f"{_mb(kept_free_bytes)} are free for videos that wait to be sent again, less than "
            f"KEPT_MAX_BYTES allows ({_mb(settings.kept_max_bytes)}).",
            "Make room, or set KEPT_MAX_BYTES lower.",
            **figures,
        )
    return well("disk", f"{_mb(free_bytes)} are free in DATA_DIR ({settings.data_dir})", **figures)


def _free_bytes(folder: Path) -> int:
    """Return what is free where a folder is, or will be."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def _used_bytes(folder: Path) -> int:
    files = folder.iterdir() if folder.is_dir() else ()
    return sum(file.stat().st_size for file in files if file.is_file())


def _mb(size_bytes: float) -> str:
    return f"{size_bytes / _BYTES_IN_MB:,.0f} MB"


def check_prices(settings: Settings) -> Diagnosis:
    """Load the price table; ConfigurationError when PRICES_FILE cannot be used."""
    table = load_prices(settings.prices_file, credits_per_cent=settings.credits_per_cent)
    return well("prices", f"videos from {table.cheapest_credits} credits")


def check_ffmpeg() -> Diagnosis:
    """Find an ffmpeg that encodes H.264."""
    program = ffmpeg_program()
    if program is None:
        return wrong(
            "ffmpeg",
            "there is none that encodes H.264 (libx264): videos too large for a channel come as "
            "links.",
            "Install ffmpeg with the system's package manager.",
        )
    return well("ffmpeg", f"{program} makes large videos fit")


def check_languages(folder: Path | None = None) -> Diagnosis:
    """Read every catalogue that members are answered from.

    Args:
        folder: Where they are; None for the bot's own.
    """
    folder = folder or i18n.CATALOGUES
    bad = sorted(_unreadable(folder))
    if bad:
        return wrong(
            "languages",
            f"the catalogues of {', '.join(bad)} cannot be read: these members are answered in "
            "English.",
            "Run: make texts. If that does not help, install the bot again.",
        )
    count = len(set(i18n.LANGUAGES.values()))
    return well("languages", f"members are answered in {count} languages")


def _unreadable(folder: Path) -> Iterator[str]:
    for language in set(i18n.LANGUAGES.values()) - {i18n.ENGLISH}:
        try:
            with (folder / f"{language}.mo").open("rb") as file:
                gettext.GNUTranslations(file)
        # Gone, or damaged: lengths and places in it lead anywhere.
        except (OSError, ValueError, IndexError, struct.error):
            yield language


def check_reporting(settings: Settings) -> Diagnosis:
    """Open what sends reports and traces, and send nothing: a library or an address may be bad."""
    wanted = {
        "SENTRY_DSN": settings.sentry_dsn,
        "OTEL_EXPORTER_OTLP_ENDPOINT": settings.otel_exporter_otlp_endpoint,
    }
    names = " and ".join(name for name, value in wanted.items() if value is not None)
    if not names:
        return well("reporting", "neither reports nor traces are sent")
    try:
        with open_reporting(settings, release=__version__, redact=str):
            return well("reporting", f"{names} can be used")
    except ConfigurationError as error:
        remedy = "The bot would not start. Correct the setting, or leave it empty."
        return wrong("reporting", str(error), remedy)


def check_watch_port(settings: Settings) -> Diagnosis:
    """See whether the port is free, or has a bot's pages on it."""
    port, host = settings.watch_port, settings.watch_host
    if port is None:
        return well("watch_port", "WATCH_PORT is not set: no pages for watching")
    place = f"{host} port {port}"
    try:
        with socket.create_server((host, port)):
            return well("watch_port", f"{place} is free")
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _is_bot(host, port):
            return well("watch_port", f"a bot shows its pages on {place}")
        trouble = f"cannot be had: {error.strerror}"
        if error.errno == errno.EADDRINUSE:
            trouble = "is taken by another program"
        return wrong(
            "watch_port",
            f"{place} {trouble}.",
            "Choose another WATCH_PORT (or WATCH_HOST), or leave WATCH_PORT empty.",
        )


def _is_bot(host: str, port: int) -> bool:
    # 0.0.0.0, :: and nothing mean every address of this machine: it is asked at its own.
    shown = host if host.strip("0.:") else "127.0.0.1"
    shown = f"[{shown}]" if ":" in shown else shown
    try:
        # No proxy: it is this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{shown}:{port}/healthz", timeout=_ASK_S) as answer:
            return bool(answer.read(len(_OURS) + 1) == _OURS)
    # Nothing, or what is no HTTP: a mail server's greeting, say.
    except (OSError, http.client.HTTPException, ValueError):
        return False
