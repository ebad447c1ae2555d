"""The application: from an accepted command to a delivered video, whatever dies in between."""
