"""The pictures of `/video-admin stats`, drawn by a process of its own."""

from bot.charts.drawer import ChartDrawer

__all__ = ["ChartDrawer"]
