"""The bot: command line, client, jobs, storage, edges and core."""

__version__ = "0.1.0"
