"""What a member reads who has a video sent again that cannot be sent, or not now.

To be looked up where they are shown.
"""

from bot.i18n import N_

REMOVED = N_(
    "A moderator has removed this video: it is not sent any more. `/jobs` shows the reason."
)
UNDER_WAY = N_(
    "This video is being sent already: look for it in a minute. `/jobs` shows what came of it."
)
RESTARTING = N_("The bot is being restarted. Choose **Send again** once more in a minute.")
DISCORD_DOWN = N_(
    "Discord does not take the video at the moment, and nothing was charged. Choose **Send "
    "again** in a quarter of an hour."
)
NO_WAY = N_(
    "The video could not be posted here, nor sent to you directly. Choose a channel where the "
    "bot may send messages and attach files, or allow direct messages from this server; then "
    "choose **Send again** there. Nothing was charged."
)
NO_WAY_DIRECTLY = N_(
    "Discord did not let the video through to you. Unblock this bot, or be on a server with it "
    "that you allow direct messages from; then choose **Send again** here. Nothing was charged."
)
GONE = N_(
    "This video is not there any more: undelivered ones are kept for a week at most. Its credits "
    "came back; the same prompt, picture and seed make it again."
)
BUSY = N_(
    "Other videos are being made smaller at the moment, and this one did not get its turn. Nothing "
    "was charged. Choose **Send again** in a few minutes."
)
LATER = N_("The video cannot be fetched at the moment. Choose **Send again** in a few minutes.")
