"""Backups: what is kept, how it gets there, how it comes back, and the drill that shows it."""
