"""Writes a CSV file of any length, packed when it must be. Every method blocks: use a thread."""

import csv
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.jobs.books_csv import Cell


class CsvFile:
    """A file that grows row by row.

    It begins with a byte order mark: without one, Excel reads UTF-8 as something else.

    Attributes:
        path: Where it is.
        rows: How many it has, the header not counted.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.rows = 0
        self._out = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._out)
        self._writer.writerow(columns)

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write some more rows."""
        for row in rows:
            self._writer.writerow(row)
            self.rows += 1

    def close(self) -> None:
        """Write what is left."""
        self._out.close()


def fitted(path: Path, limit_bytes: int) -> Path | None:
    """Return the file, a packed one when it is larger than the limit, None when that is, too."""
    if path.stat().st_size <= limit_bytes:
        return path
    packed = path.with_name(f"{path.name}.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    return packed if packed.stat().st_size <= limit_bytes else None
