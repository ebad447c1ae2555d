"""The face on Discord: pure views of jobs and credits, and the notifier that shows them."""
