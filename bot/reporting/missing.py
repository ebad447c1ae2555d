"""What to do when a library is missing that only some hosts need."""

from bot.errors import ConfigurationError


def missing(setting: str, package: str) -> ConfigurationError:
    """Return the error for a setting whose package is not installed."""
    return ConfigurationError(
        f"{setting} needs the package {package}, which is not installed here. Either leave it "
        "empty, or install: python -m pip install --require-hashes -r requirements-reporting.lock "
        "(in Docker: docker build --build-arg LOCK=requirements-reporting.lock .)."
    )
