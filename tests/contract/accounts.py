"""Registrations that are good, to be spoiled in one place by a test."""

from uuid import uuid4

from tests.answers import Json

PASSWORD = "a photo of a tawny owl"


def new_account(name: str = "", **changed: object) -> Json:
    """What a registration sends; nobody has this name yet."""
    name = name or f"new-{uuid4().hex[:10]}"
    whole = {
        "username": name,
        "email": f"{name}@example.com",
        "password": PASSWORD,
        "password_confirm": PASSWORD,
    }
    return whole | changed
