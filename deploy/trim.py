"""Removes from the image's Python what the bot never uses at run time.

python deploy/trim.py /venv

deploy/smoke.py then does what each package that was trimmed is there for; the image is not built
when that fails.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BYTES_IN_MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What goes, as patterns below site-packages, and why."""

    why: str
    patterns: tuple[str, ...]


RULES = (
    Rule(why="tests of the packages themselves", patterns=("**/tests",)),
    Rule(
        why="for compilers and type checkers",
        patterns=("**/*.pyi", "**/*.pyx", "**/*.pxd", "**/*.h", "**/*.c", "numpy/f2py"),
    ),
    Rule(
        why="matplotlib: sample data, toolbar pictures, fonts of formulas",
        patterns=(
            "matplotlib/mpl-data/sample_data",
            "matplotlib/mpl-data/images",
            "matplotlib/mpl-data/fonts/ttf/STIX*.ttf",
            "matplotlib/mpl-data/fonts/ttf/cm*.ttf",
        ),
    ),
    Rule(
        # matplotlib loads its list of glyph names, and the rest when it writes PDF.
        why="fontTools: all but the list of glyph names",
        patterns=("fontTools/*/", "fontTools/misc/*.so"),
    ),
    Rule(
        why="SQLAlchemy: other databases",
        patterns=tuple(f"sqlalchemy/dialects/{name}" for name in ("mssql", "mysql", "oracle")),
    ),
)
# fontTools's own modules take these from it.
_KEPT = frozenset({"fontTools/misc", "fontTools/__pycache__"})


def main(arguments: list[str]) -> int:
    """Trim one virtual environment, and say what that gave."""
    (packages,) = Path(arguments[0]).glob("lib/python*/site-packages")
    for rule in RULES:
        print(f"{_removed(packages, rule) / _BYTES_IN_MB:7.1f} MB  {rule.why}")
    print(f"{stripped(packages) / _BYTES_IN_MB:7.1f} MB  symbols for debuggers")
    return 0


def _removed(packages: Path, rule: Rule) -> int:
    """Remove what the rule names; return its bytes."""
    total = 0
    for path in found(packages, rule):
        total += size_bytes(path)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return total


def found(packages: Path, rule: Rule) -> list[Path]:
    """Return what a rule removes below a folder of packages."""
    paths = {path for pattern in rule.patterns for path in packages.glob(pattern)}
    kept = {packages / name for name in _KEPT}
    # What lies in a folder that goes, goes with it.
    return sorted(
        path for path in paths if path not in kept and not any(up in paths for up in path.parents)
    )


def stripped(packages: Path) -> int:
    """Strip extension modules; return the bytes saved.

    Not the libraries that wheels carry along (`*.libs`): they have none, and tools that have
    moved their parts about leave files that `strip` can break.
    """
    modules = [
        path
        for path in packages.rglob("*.so")
        if not path.is_symlink() and not path.relative_to(packages).parts[0].endswith(".libs")
    ]
    before = sum(path.stat().st_size for path in modules)
    if modules:
        subprocess.run(["strip", "--strip-unneeded", *map(str, modules)], check=True)
    return before - sum(path.stat().st_size for path in modules)


def size_bytes(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder; links count nothing."""
    return sum(one.stat().st_size for one in _files(path))


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir() and not path.is_symlink():
        for below in path.iterdir():
            yield from _files(below)
    elif path.is_file() and not path.is_symlink():
        yield path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
