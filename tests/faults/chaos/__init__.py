"""The chaos harness: many players, many faults drawn from one seed, and the checker at the end (F28)."""
