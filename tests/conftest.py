"""What all tests share."""

from hypothesis import settings

# The same examples at every run, and no time limits: the cores are shared.
settings.register_profile("everywhere", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("everywhere")
