"""The bot: command line, client, jobs, storage, edges and core."""
