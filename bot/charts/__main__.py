"""The process that draws: `ChartData` as JSON in, a PNG out."""

import os
import sys

from bot.charts.data import from_json
from bot.charts.picture import draw


def main() -> None:
    """Draw one picture, giving way to everything else on the machine."""
    if hasattr(os, "nice"):  # not on Windows
        os.nice(10)
    sys.stdout.buffer.write(draw(from_json(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main()
