"""A stand-in for Segmind: its v2 protocol, real MP4s, scripted faults. See `control.py`."""

from sandbox.segmind_api.server import SegmindStandIn

__all__ = ["SegmindStandIn"]
