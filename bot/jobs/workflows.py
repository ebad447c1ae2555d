"""What the durable engine calls its records of jobs. A workflow's id is its job's."""

QUEUE = "jobs"
# The states in which a workflow runs no more.
ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
