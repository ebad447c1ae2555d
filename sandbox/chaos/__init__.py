"""The chaos harness: many members, faults everywhere, killed bots; then four books compared."""
