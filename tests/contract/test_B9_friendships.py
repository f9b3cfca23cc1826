"""B9: the states that a friendship goes through, step by step as the contract draws them."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from deploy.local.player import Player
from tests.answers import Ask
from tests.mesh import Mesh

SENDER, RECIPIENT = "sender", "recipient"
PATHS: list[tuple[str, list[tuple[str, str, int]], str | None]] = [
    ("asked", [(SENDER, "ask", 201)], "pending"),
    ("accepted", [(SENDER, "ask", 201), (RECIPIENT, "accept", 200)], "accepted"),
    ("ended by the one", [(SENDER, "ask", 201), (RECIPIENT, "accept", 200), (SENDER, "end", 200)], None),
    ("ended by the other", [(SENDER, "ask", 201), (RECIPIENT, "accept", 200), (RECIPIENT, "end", 200)], None),
    ("rejected", [(SENDER, "ask", 201), (RECIPIENT, "reject", 200)], "rejected"),
    ("asked again", [(SENDER, "ask", 201), (RECIPIENT, "reject", 200), (SENDER, "ask", 201)], "pending"),
    ("asked back", [(SENDER, "ask", 201), (RECIPIENT, "reject", 200), (RECIPIENT, "ask", 201)], "pending"),
    (
        "asked back, accepted by the first",
        [
            (SENDER, "ask", 201),
            (RECIPIENT, "reject", 200),
            (RECIPIENT, "ask", 201),
            (RECIPIENT, "accept", 403),
            (SENDER, "accept", 200),
        ],
        "accepted",
    ),
    ("taken back", [(SENDER, "ask", 201), (SENDER, "end", 200)], None),
    ("forgotten after a rejection", [(SENDER, "ask", 201), (RECIPIENT, "reject", 200), (SENDER, "end", 200)], None),
    ("crossed", [(SENDER, "ask", 201), (RECIPIENT, "ask", 400)], "pending"),
    ("asked twice", [(SENDER, "ask", 201), (SENDER, "ask", 400)], "pending"),
    ("asked as friends", [(SENDER, "ask", 201), (RECIPIENT, "accept", 200), (RECIPIENT, "ask", 400)], "accepted"),
    ("blocked at once", [(SENDER, "ask", 201), (RECIPIENT, "block", 200), (SENDER, "ask", 400)], "blocked"),
    (
        "blocked later",
        [
            (SENDER, "ask", 201),
            (RECIPIENT, "accept", 200),
            (RECIPIENT, "block", 200),
            (RECIPIENT, "block", 200),
        ],
        "blocked",
    ),
    (
        "blocked after a rejection",
        [(SENDER, "ask", 201), (RECIPIENT, "reject", 200), (RECIPIENT, "block", 200)],
        "blocked",
    ),
    ("not blocked by the sender", [(SENDER, "ask", 201), (SENDER, "block", 403)], "pending"),
    (
        "not ended by the blocked one",
        [(SENDER, "ask", 201), (RECIPIENT, "block", 200), (SENDER, "end", 404)],
        "blocked",
    ),
    ("asked by the blocker", [(SENDER, "ask", 201), (RECIPIENT, "block", 200), (RECIPIENT, "ask", 400)], "blocked"),
    (
        "unblocked",
        [(SENDER, "ask", 201), (RECIPIENT, "block", 200), (RECIPIENT, "end", 200), (SENDER, "ask", 201)],
        "pending",
    ),
    ("nothing to end", [(SENDER, "end", 404)], None),
]


@pytest.fixture(scope="module")
async def pair(mesh: Mesh) -> AsyncIterator[dict[str, Player]]:
    """Two strangers, who part again after each path."""
    names = {role: f"{role}-{uuid4().hex[:8]}" for role in (SENDER, RECIPIENT)}
    async with Player(mesh.url, names[SENDER]) as sender, Player(mesh.url, names[RECIPIENT]) as recipient:
        for player in (sender, recipient):
            await player.sign_up()
        yield {SENDER: sender, RECIPIENT: recipient}


@pytest.mark.parametrize(("steps", "status"), [row[1:] for row in PATHS], ids=[row[0] for row in PATHS])
async def test_step_by_step(
    ask: Ask, pair: dict[str, Player], steps: list[tuple[str, str, int]], status: str | None
) -> None:
    one, two = pair.values()
    try:
        for who, action, expected in steps:
            player, other = (one, two) if who == SENDER else (two, one)
            assert (await _step(ask, player, other, action), action) == (expected, action)
        for player in (one, two):
            listed = (await player.get("/social/friendships/"))["results"]
            assert [each["status"] for each in listed] == ([] if status is None else [status])
    finally:
        for player, other in ((one, two), (two, one)):
            await _step(ask, player, other, "end")


async def _step(ask: Ask, player: Player, other: Player, action: str) -> int:
    if action == "ask":
        path, body = "/social/friendships/send_request/", {"user_id": other.id}
    elif action == "end":
        path, body = f"/social/friendships/{other.id}/unfriend/", {}
    else:
        (friendship,) = (await player.get("/social/friendships/"))["results"]
        path, body = f"/social/friendships/{friendship['id']}/respond/", {"action": action}
    return (await ask(player, "POST", path, json=body)).status_code
