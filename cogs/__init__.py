"""Slash commands, one cog a module; loaded by name, never imported by the bot."""
