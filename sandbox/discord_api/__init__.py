"""A stand-in for Discord on loopback: HTTP API v10, gateway, CDN and the member's side."""

from sandbox.discord_api.server import DiscordStandIn, Member

__all__ = ["DiscordStandIn", "Member"]
