"""What the social service answers with (contract S1)."""

from typing import Final

from tests.shapes import friend_code, instant, nullable, url, uuid

CARD: Final = {
    "id": uuid,
    "username": str,
    "avatar": nullable(url),
    "friend_code": friend_code,
    "total_catches": int,
    "unique_species": int,
}

FRIENDSHIP: Final = {
    "id": uuid,
    "from_user": uuid,
    "from_user_details": CARD,
    "to_user": uuid,
    "to_user_details": CARD,
    "status": {"pending", "accepted", "rejected", "blocked"},
    "created_at": instant,
    "updated_at": instant,
}
