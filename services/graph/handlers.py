"""What the graph makes of the event stream: copies, and new versions for whoever's trees show the change."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import Copied, keep_many
from libs.common.forgetting import forget_events_of_user
from libs.common.inbox import Handlers
from libs.contracts.animals import AnimalCreated, AnimalDeleted, AnimalUpdated
from libs.contracts.dex import DexCreated, DexDeleted, DexUpdated
from libs.contracts.event import Event
from libs.contracts.social import FriendshipDeleted, FriendshipUpdated
from libs.contracts.users import UserDeleted, UserRegistered, UserUpdated
from services.graph.models import Capture, Friendship, RefAnimal, RefUser
from services.graph.rows import animal_row, capture_row, friendship_row, user_row
from services.graph.versions import advance_versions, differing, one_batch_at_a_time

handlers = Handlers("graph")
handlers.on(UserDeleted)(forget_events_of_user)
handlers.witness("user", RefUser)
handlers.witness("animal", RefAnimal)
handlers.witness("dex", Capture)
handlers.witness("friendship", Friendship)


@handlers.bulk(
    UserRegistered,
    UserUpdated,
    UserDeleted,
    AnimalCreated,
    AnimalUpdated,
    AnimalDeleted,
    DexCreated,
    DexUpdated,
    DexDeleted,
    FriendshipUpdated,
    FriendshipDeleted,
)
async def grow_trees(events: Sequence[Event], session: AsyncSession) -> None:
    """Keeps the newest state of everything a tree is made from."""
    users = [user_row(event) for event in events if isinstance(event, (UserRegistered, UserUpdated, UserDeleted))]
    animals = [
        animal_row(event) for event in events if isinstance(event, (AnimalCreated, AnimalUpdated, AnimalDeleted))
    ]
    captures = [capture_row(event) for event in events if isinstance(event, (DexCreated, DexUpdated, DexDeleted))]
    friendships = [
        friendship_row(event) for event in events if isinstance(event, (FriendshipUpdated, FriendshipDeleted))
    ]
    await one_batch_at_a_time(session)
    changed_users = await differing(session, RefUser, users)
    changed_animals = await differing(session, RefAnimal, animals)
    written: list[tuple[type[Copied], list[dict[str, Any]]]] = [
        (RefUser, users),
        (RefAnimal, animals),
        (Capture, captures),
        (Friendship, friendships),
    ]
    for model, rows in written:
        await keep_many(session, model, rows)
    seen_by = {row["owner_id"] for row in captures} | changed_users
    seen_by |= {row[side] for row in friendships for side in ("from_user", "to_user")}
    await advance_versions(session, seen_by, users=changed_users, animals=changed_animals)
