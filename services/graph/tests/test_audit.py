"""What the trees still know of a player who has gone is found."""

from uuid import uuid4

from libs.common.db import Database
from libs.common.tests.auditing import GONE, asked
from services.graph.audit import audit

CAPTURE = "INSERT INTO captures (id, version, owner_id, animal_id, visibility, catch_date, deleted_at) VALUES "
FRIENDSHIP = (
    "INSERT INTO friendships (id, version, from_user, to_user, status) VALUES (:id, 1, :other, :gone, 'accepted')"
)


async def test_what_is_left_of_a_player_is_found(db: Database) -> None:
    values = {"id": (id := uuid4()), "gone": uuid4(), "other": uuid4()}
    living = CAPTURE + "(:id, 1, :gone, :other, 'public', now(), NULL)"
    buried = CAPTURE + "(:id, 1, :gone, NULL, NULL, NULL, now())"
    discovered = "INSERT INTO ref_animals (id, version, created_by) VALUES (:id, 1, :gone)"
    assert await asked(db, audit, living, **values) == []
    assert await asked(db, audit, GONE, living, **values) == [("U4", f"captures/{id}")]
    assert await asked(db, audit, GONE, buried, **values) == []
    assert await asked(db, audit, GONE, FRIENDSHIP, **values) == [("U4", f"friendships/{id}")]
    assert await asked(db, audit, GONE, discovered, **values) == [("U4", f"ref_animals/{id}")]
