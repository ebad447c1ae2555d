"""The pages of `/video-admin`: what moderators see, press and fill in, and what it means."""
