"""Files from and for members: opened for real, checked, rewritten where needed, downloaded."""

from bot.media.audio import AudioFacts, inspect_audio
from bot.media.decoder import Decoder
from bot.media.desk import MediaDesk
from bot.media.download import Downloader
from bot.media.fit import FitPlan, plan_fit
from bot.media.frames import frame_of
from bot.media.image import PreparedImage, inspect_image
from bot.media.inspector import MediaInspector
from bot.media.limits import MediaLimits
from bot.media.program import ffmpeg_program
from bot.media.shrinker import VideoShrinker
from bot.media.thumbnail import thumbnail_of
from bot.media.video import VideoFile, probe_video

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
    "frame_of",
    "inspect_audio",
    "inspect_image",
    "plan_fit",
    "probe_video",
    "thumbnail_of",
]
