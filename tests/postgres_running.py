"""A PostgreSQL server of one's own for tests; the sandbox has one, too."""

from sandbox.postgres import missing, running

__all__ = ["missing", "running"]
