"""What is removed from the image's packages, and what stays."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from deploy.trim import RULES, Rule, found, main, size_bytes

ROOT = Path(__file__).parents[1]
INSTALLED = Path(sysconfig.get_paths()["purelib"])


def made(folder: Path, *files: str) -> Path:
    """A folder of packages with these files, ten bytes each."""
    packages = folder / "lib" / "python3.12" / "site-packages"
    for file in files:
        path = packages / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"0123456789")
    return packages


def test_what_is_never_used_goes_and_all_else_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tests, headers, fonts of formulas, other databases; not what is loaded."""
    kept = {
        "numpy/core.py",
        "fontTools/agl.py",
        "fontTools/misc/textTools.py",
        "matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf",
        "sqlalchemy/dialects/postgresql/base.py",
        "sqlalchemy/dialects/sqlite/base.py",
        "latest/news.py",
    }
    gone = {
        "numpy/tests/test_core.py",
        "numpy/core.pyi",
        "numpy/f2py/main.py",
        "fontTools/pens/base.py",
        "matplotlib/mpl-data/sample_data/a.csv",
        "matplotlib/mpl-data/fonts/ttf/STIXGeneral.ttf",
        "matplotlib/mpl-data/fonts/ttf/cmr10.ttf",
        "sqlalchemy/dialects/oracle/base.py",
    }
    packages = made(tmp_path, *kept, *gone)

    code = main([str(tmp_path)])

    left = {str(p.relative_to(packages)) for p in packages.rglob("*") if p.is_file()}
    assert code == 0
    assert left == kept
    assert "MB  tests of the packages themselves" in capsys.readouterr().out


@pytest.mark.parametrize("rule", RULES, ids=[rule.why for rule in RULES])
def test_every_rule_still_finds_something(rule: Rule) -> None:
    """A package that has moved its files is noticed: rules that find nothing are old."""
    assert found(INSTALLED, rule) != []


def test_links_count_nothing(tmp_path: Path) -> None:
    """The environment's Python is a link to the base image's."""
    packages = made(tmp_path, "a.py", "b/c.py")
    (packages / "link.py").symlink_to(packages / "a.py")

    assert size_bytes(packages) == 20


@pytest.mark.skipif(shutil.which("strip") is None, reason="needs binutils' strip")
def test_a_file_that_is_no_module_ends_the_build(tmp_path: Path) -> None:
    """`strip` complains, and so there is no image."""
    made(tmp_path, "broken/module.so")

    with pytest.raises(subprocess.CalledProcessError, match="strip"):
        main([str(tmp_path)])


def test_the_build_s_trial_works_here() -> None:
    """What the image's build runs: a database, pictures, a video, a chart, every module."""
    done = subprocess.run(
        [sys.executable, "deploy/smoke.py"],
        cwd=ROOT,
        # Not measured: coverage doubles what it costs.
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")}
        | {"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.returncode == 0
    assert "all work" in done.stdout
