from pathlib import Path

import pytest

from sandbox.bot_process import PROJECT
from sandbox.chaos.__main__ import main
from sandbox.chaos.upgrade import unpack
from sandbox.runner import CannotStartError


@pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="these files are no git checkout")
def test_an_older_revision_is_unpacked_beside_this_one(tmp_path: Path) -> None:
    """All that is needed to run it is there."""
    unpack("HEAD", tmp_path)

    assert {"bot", "cogs", "migrations"} <= {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "bot" / "__main__.py").is_file()


def test_an_unknown_revision_is_said_to_be_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is started; options of git cannot be smuggled in."""
    with pytest.raises(CannotStartError):
        unpack("--output=here", tmp_path)
    code = main(["upgrade", "--from", "no-such-revision", "--folder", str(tmp_path)])

    assert code == 2
    assert "no-such-revision" in capsys.readouterr().err
