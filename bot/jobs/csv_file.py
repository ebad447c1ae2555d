"""Writes a CSV file of any length. Every method blocks: use a thread."""

import csv
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
