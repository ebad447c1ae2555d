"""The face on Discord: pure views of jobs and credits, and what shows them."""
