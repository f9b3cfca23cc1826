"""Checks: each judges one subject from what was seen, and says what is wrong as findings; nothing is asked here."""
