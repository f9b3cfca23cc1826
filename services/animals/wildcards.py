"""Patterns for LIKE in which the asked text means itself. Pure."""


def containing(text: str) -> str:
    """Matches what contains `text`; `%`, `_` and the backslash are ordinary characters in it."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
