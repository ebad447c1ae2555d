"""The process that draws: `ChartData` as JSON in, pictures as JSON out."""

import os
import sys

from bot.charts.data import from_json, pictures_to_json
from bot.charts.picture import draw


def main() -> None:
    """Draw, giving way to everything else on the machine."""
    if hasattr(os, "nice"):  # not on Windows
        os.nice(10)
    sys.stdout.buffer.write(pictures_to_json(draw(from_json(sys.stdin.buffer.read()))))


if __name__ == "__main__":
    main()
