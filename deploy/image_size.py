"""Says how large the image is, without building it: what a host downloads, and on its disk.

python -m deploy.image_size [--keep FOLDER]

Makes the image's Python environment as the Dockerfile does (from `requirements.lock`, by the
Python that runs this), trims it, tries it, and adds the published size of the base image. Exit
code 1 when a download would be larger than it should be.
"""

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from deploy.trim import main as trim
from deploy.trim import size_bytes

ROOT = Path(__file__).parents[1]
APP = ("bot", "cogs", "migrations")
# As the Dockerfile has them (tests/test_dockerfile.py compares).
PIP_OPTIONS = "--no-cache-dir --disable-pip-version-check --only-binary :all: --no-deps"
LARGEST_BYTES = 250_000_000
# python:3.12-slim-trixie (3.12.13, amd64), as github.com/docker-library/repo-info says:
# repos/python/local/3.12-slim.md and repos/python/remote/3.12-slim-trixie.md.
BASE_ON_DISK_BYTES = 119_200_000
BASE_DOWNLOAD_BYTES = 43_188_023
_GZIP_LEVEL = 6
_SHOWN = 12
_BYTES_IN_MB = 1e6


def main() -> int:
    """Measure, print, and compare."""
    parser = argparse.ArgumentParser(description="How large is the image?")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the environment here")
    kept = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as folder:
        environment = (kept or Path(folder) / "venv").resolve()
        _make(environment)
        print(f"Python {sys.version.split()[0]}; removed:")
        trim([str(environment)])
        smoke = [str(environment / "bin" / "python"), str(ROOT / "deploy" / "smoke.py")]
        subprocess.run(smoke, check=True, cwd=folder, env={"PYTHONPATH": str(ROOT)})
        return _tell(environment, Path(folder))


def _make(environment: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = str(environment / "bin" / "pip")
    lock = str(ROOT / "requirements.lock")
    install = [pip, "install", "--quiet", *PIP_OPTIONS.split(), "--require-hashes", "-r", lock]
    subprocess.run(install, check=True)
    subprocess.run([pip, "uninstall", "--quiet", "--yes", "pip"], check=True)


def _tell(environment: Path, folder: Path) -> int:
    (packages,) = environment.glob("lib/python*/site-packages")
    sizes = sorted(((size_bytes(one), one.name) for one in packages.iterdir()), reverse=True)
    print("\nThe largest packages, on disk:")
    for size, name in sizes[:_SHOWN]:
        print(f"{size / _BYTES_IN_MB:7.1f} MB  {name}")
    app = [ROOT / name for name in APP]
    rows = [
        ("python:3.12-slim-trixie (published)", BASE_ON_DISK_BYTES, BASE_DOWNLOAD_BYTES),
        ("packages", size_bytes(environment), _compressed([environment], folder)),
        ("the bot", sum(map(size_bytes, app)), _compressed(app, folder)),
    ]
    download = sum(network for _, _, network in rows)
    rows.append(("together", sum(disk for _, disk, _ in rows), download))
    print("\n      on disk    download")
    for name, disk, network in rows:
        print(f"{disk / _BYTES_IN_MB:9.1f} MB {network / _BYTES_IN_MB:8.1f} MB  {name}")
    if download > LARGEST_BYTES:
        print(f"A download of more than {LARGEST_BYTES / _BYTES_IN_MB:.0f} MB.", file=sys.stderr)
        return 1
    return 0


def _compressed(paths: Iterable[Path], folder: Path) -> int:
    """Return the bytes of a layer with these folders, as registries keep it."""
    layer = folder / "layer.tar.gz"
    with tarfile.open(layer, "w:gz", compresslevel=_GZIP_LEVEL) as tar:
        for path in paths:
            tar.add(path)
    size = layer.stat().st_size
    layer.unlink()
    return size


if __name__ == "__main__":
    if shutil.which("strip") is None:
        sys.exit("`strip` is missing: install binutils.")
    sys.exit(main())
