"""Discord's own limits, as far as they bound what we send."""

# https://docs.discord.com/developers/resources/message#create-message
CONTENT_CHARS = 2000
# https://docs.discord.com/developers/interactions/application-commands (option choices)
CHOICES = 25
CHOICE_NAME_CHARS = 100
# https://docs.discord.com/developers/reference#uploading-files: what everybody may attach; the
# larger figure that an interaction gives for boosts has been seen overstated.
ATTACHMENT_BYTES = 10 * 2**20
# https://docs.discord.com/developers/components/reference#media-gallery (an item's description)
ALT_TEXT_CHARS = 1024
