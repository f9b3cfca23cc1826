"""The objects of section U."""

from tests.shapes import date, friend_code, instant, nullable, url, uuid

PROFILE = {
    "total_catches": int,
    "unique_species": int,
    "preferred_card_style": dict,
    "location_precision": {"exact", "approximate", "coarse", "hidden"},
    "join_date": date,
    "last_catch_date": nullable(instant),
}

USER = {
    "id": uuid,
    "username": str,
    "email": str,
    "friend_code": friend_code,
    "bio": str,
    "avatar": nullable(url),
    "badges": list,
    "created_at": instant,
    "updated_at": instant,
    "profile": PROFILE,
}
