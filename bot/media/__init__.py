"""Files from and for members: opened for real, checked, rewritten where needed, downloaded."""

from bot.media.decoder import Decoder
from bot.media.desk import MediaDesk
from bot.media.download import Downloader
from bot.media.facts import AudioFacts, PreparedImage, VideoFile
from bot.media.fit import FitPlan, plan_fit
from bot.media.inspector import MediaInspector
from bot.media.limits import MediaLimits
from bot.media.program import ffmpeg_program
from bot.media.shrinker import VideoShrinker

__all__ = [
    "AudioFacts",
    "Decoder",
    "Downloader",
    "FitPlan",
    "MediaDesk",
    "MediaInspector",
    "MediaLimits",
    "PreparedImage",
    "VideoFile",
    "VideoShrinker",
    "ffmpeg_program",
    "plan_fit",
]
