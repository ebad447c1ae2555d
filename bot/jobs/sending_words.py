"""What a member reads who has a video sent again that cannot be sent, or not now."""

from bot import words

REMOVED = "A moderator has removed this video: it is not sent any more. `/jobs` shows the reason."
UNDER_WAY = (
    "This video is being sent already: look for it in a minute. `/jobs` shows what came of it."
)
RESTARTING = f"{words.RESTARTING} Choose **Send again** once more in a minute."
DISCORD_DOWN = (
    "Discord does not take the video at the moment, and nothing was charged. Choose **Send "
    "again** in a quarter of an hour."
)
NO_WAY = (
    "The video could not be posted here, nor sent to you directly. Choose a channel where the "
    "bot may send messages and attach files, or allow direct messages from this server; then "
    "choose **Send again** there. Nothing was charged."
)
NO_WAY_DIRECTLY = (
    "Discord did not let the video through to you. Unblock this bot, or be on a server with it "
    "that you allow direct messages from; then choose **Send again** here. Nothing was charged."
)
GONE = (
    "This video is not there any more: undelivered ones are kept for a week at most. Its credits "
    "came back; the same prompt, picture and seed make it again."
)
BUSY = (
    "Other videos are being made smaller at the moment, and this one did not get its turn. Nothing "
    "was charged. Choose **Send again** in a few minutes."
)
LATER = "The video cannot be fetched at the moment. Choose **Send again** in a few minutes."
