"""The graph over HTTP, in a player's words (contract R)."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from libs.common.db import Database
from libs.common.testing import SignIn
from libs.contracts.animals import AnimalUpdated
from libs.contracts.users import UserRegistered
from services.graph.tests.story import DOG, LION, WOLF, again, animal, capture, friendship, player, tell

TREE = "/api/v1/graph/tree/"


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every SQL statement that is executed meanwhile."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


def nulls_in(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [found for each in value.values() for found in nulls_in(each)]
    if isinstance(value, list):
        return [found for each in value for found in nulls_in(each)]
    return [value] if value is None else []


@pytest.fixture
async def alice(db: Database) -> UserRegistered:
    """Alice with a dog of her own and a wolf that her friend Bob caught before her; Bob discovered the wolf."""
    alice, bob = player("alice"), player("bob")
    wolf, dog, lion = animal(WOLF, index=1, created_by=bob.id), animal(DOG, index=2), animal(LION, index=3)
    await tell(db, alice, bob, wolf, dog, lion, friendship(bob, alice))
    await tell(
        db,
        capture(alice, dog, "private"),
        capture(alice, wolf, days=2),
        capture(bob, wolf, days=1),
        capture(bob, wolf, "public", days=5),
        capture(bob, lion, "private"),
    )
    return alice


async def test_an_empty_tree(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    viewer = uuid4()
    answer = await client.get(TREE, headers=sign_in(viewer))

    assert answer.status_code == 200
    tree = answer.json()
    assert tree["nodes"] == tree["edges"] == []
    assert tree["layout"] == {
        "positions": {"root": [0, 0]},
        "world_bounds": [-204.8, -204.8, 204.8, 204.8],
        "chunk_metadata": {
            "chunks": [],
            "world_bounds": [-204.8, -204.8, 204.8, 204.8],
            "chunk_size": 2048,
            "total_chunks": 0,
        },
        "chunk_size": {"width": 2048, "height": 2048},
    }
    assert tree["stats"]["total_nodes"] == tree["stats"]["total_edges"] == tree["stats"]["total_animals"] == 0
    assert tree["metadata"].pop("cache_key")
    assert tree["metadata"] == {
        "mode": "friends",
        "user_id": str(viewer),
        "username": "",
        "scoped_users": 1,
        "total_nodes": 0,
        "total_edges": 0,
    }


async def test_a_tree_of_friends(client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered) -> None:
    answer = await client.get(f"{TREE}?mode=friends&use_cache=true", headers=sign_in(alice.id))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "private, no-cache"
    tree = answer.json()
    assert nulls_in(tree) == []
    nodes = {node["id"]: node for node in tree["nodes"]}
    assert [node["type"] for node in tree["nodes"]] == ["taxonomic"] * 8 + ["animal"] * 2
    assert nodes["genus_Canis"] == {
        "id": "genus_Canis",
        "type": "taxonomic",
        "node_type": "taxonomic",
        "rank": "genus",
        "name": "Canis",
        "scientific_name": "Canis",
        "position": [0, 900],
        "captured_by_user": False,
        "captured_by_friends": [],
        "capture_count": 0,
        "children_count": 2,
        "animal_count": 2,
    }
    wolf, dog = tree["nodes"][-2:]
    assert wolf["taxonomy"]["class"] == "Mammalia" and wolf["taxonomy"]["species"] == "lupus"
    assert wolf["position"] == tree["layout"]["positions"][wolf["id"]] == [-50, 1200]
    assert wolf["captured_by_user"] is True and wolf["capture_count"] == 3
    [bob] = wolf["captured_by_friends"]
    assert bob["username"] == "bob" and bob["captured_at"] == "2026-11-21T12:00:00.000000+00:00"
    assert wolf["discoverer"] == {
        "user_id": bob["user_id"],
        "username": "bob",
        "is_self": False,
        "is_friend": True,
    }
    assert dog["discoverer"] == {} and dog["captured_by_friends"] == [] and dog["capture_count"] == 1
    assert tree["edges"][0] == {
        "source": "root",
        "target": "kingdom_Animalia",
        "relationship": "parent_child",
        "rank_transition": "root_to_kingdom",
    }
    assert {edge["target"] for edge in tree["edges"]} == set(nodes)
    assert tree["layout"]["positions"]["root"] == [0, 0]
    assert tree["layout"]["world_bounds"] == [-254.8, -204.8, 254.8, 1404.8]
    assert tree["stats"] == {
        "total_animals": 2,
        "total_nodes": 10,
        "total_edges": 10,
        "mode": "friends",
        "scope": {"users_included": 2, "is_admin_view": False},
        "user_captures": 2,
        "friend_captures": 2,
        "unique_to_user": 1,
        "shared_with_friends": 1,
        "unique_kingdom": 1,
        "unique_phylum": 1,
        "unique_class": 1,
        "unique_order": 1,
        "unique_family": 1,
        "unique_genus": 1,
        "unique_species": 2,
    }
    assert tree["metadata"]["username"] == "alice" and tree["metadata"]["scoped_users"] == 2


async def test_a_personal_tree(client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered) -> None:
    tree = (await client.get(f"{TREE}?mode=personal", headers=sign_in(alice.id))).json()

    assert [node["capture_count"] for node in tree["nodes"][-2:]] == [1, 1]
    assert all(node["captured_by_friends"] == [] for node in tree["nodes"])
    assert tree["stats"]["friend_captures"] == tree["stats"]["shared_with_friends"] == 0
    assert tree["stats"]["unique_to_user"] == 2
    assert tree["stats"]["scope"]["users_included"] == tree["metadata"]["scoped_users"] == 1
    wolf = tree["nodes"][-2]
    assert wolf["discoverer"]["is_friend"] is True


async def test_the_global_tree_is_for_staff(
    client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered, db: Database
) -> None:
    refused = await client.get(f"{TREE}?mode=global", headers=sign_in(alice.id))
    assert refused.status_code == 403
    assert refused.json()["error"] == refused.json()["detail"] == "Admin privileges required for global view"

    for claims in ({"is_staff": True}, {"is_superuser": True}):
        tree = (await client.get(f"{TREE}?mode=global", headers=sign_in(uuid4(), **claims))).json()

        [wolf] = [node for node in tree["nodes"] if node["type"] == "animal"]
        assert wolf["scientific_name"] == "Canis lupus"
        assert wolf["capture_count"] == 3 and wolf["captured_by_user"] is False
        assert tree["stats"]["scope"] == {"users_included": "all", "is_admin_view": True}
        assert tree["metadata"]["scoped_users"] == "all"
        assert not {"user_captures", "friend_captures", "unique_to_user", "shared_with_friends"} & tree["stats"].keys()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("mode=selected&friend_ids=zz", "Invalid friend_ids format - expected comma-separated UUIDs"),
        ("mode=everybody", "Invalid mode. Must be one of: personal, friends, selected, global"),
        ("mode=", "Invalid mode. Must be one of: personal, friends, selected, global"),
    ],
)
async def test_a_wrong_question(client: httpx.AsyncClient, sign_in: SignIn, query: str, sentence: str) -> None:
    answer = await client.get(f"{TREE}?{query}", headers=sign_in())

    assert answer.status_code == 400
    assert answer.json() == {"error": sentence, "detail": sentence}


@pytest.mark.parametrize(
    "path", ["tree/", "tree/chunk/0/0/", "tree/search/?q=a", "tree/friends/", "evolutionary-tree/"]
)
async def test_nobody_asks_without_a_token(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/api/v1/graph/{path}")).status_code == 401


async def test_a_known_answer_is_not_sent_again(
    client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered, db: Database
) -> None:
    headers = sign_in(alice.id)
    first = await client.get(TREE, headers=headers)
    etag = first.headers["etag"]
    assert etag == f'"{first.json()["metadata"]["cache_key"]}"'

    for tags in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        known = await client.get(TREE, headers={**headers, "If-None-Match": tags})
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    other = await client.get(TREE, headers={**headers, "If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)

    lion = animal(LION)
    await tell(db, lion, capture(alice, lion))
    changed = await client.get(TREE, headers={**headers, "If-None-Match": etag})
    assert changed.status_code == 200 and changed.headers["etag"] != etag
    assert changed.json()["stats"]["total_animals"] == 3


async def test_a_kept_answer_is_as_new_as_the_projection(
    client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered, db: Database, statements: list[str]
) -> None:
    headers = sign_in(alice.id)
    first = await client.get(TREE, headers=headers)
    making = len(statements)
    assert (await client.get(TREE, headers=headers)).content == first.content
    asking = len(statements) - making
    assert (await client.get(f"{TREE}?use_cache=false", headers=headers)).content == first.content
    making_anew = len(statements) - making - asking

    assert (making, asking, making_anew) == (3, 1, 3)

    wolf = next(
        node for node in first.json()["nodes"] if node["scientific_name"] == "Canis lupus" and "taxonomy" in node
    )
    await tell(db, again(animal(WOLF, index=1, id=wolf["id"]), AnimalUpdated, common_name="Timber wolf"))
    renamed = (await client.get(TREE, headers=headers)).json()
    assert "Timber wolf" in [node.get("common_name") for node in renamed["nodes"]]


async def test_the_number_of_statements_does_not_grow(
    client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered, db: Database, statements: list[str]
) -> None:
    paths = [TREE, f"{TREE}chunk/0/0/", f"{TREE}search/?q=a", f"{TREE}friends/", "/api/v1/graph/evolutionary-tree/"]

    async def count() -> list[int]:
        counts = []
        for path in paths:
            statements.clear()
            assert (await client.get(path, headers=sign_in(alice.id))).status_code == 200
            counts.append(len(statements))
        return counts

    few = await count()
    friends = [player(f"friend{number}") for number in range(12)]
    animals = [animal(("Animalia", "", "", "", f"F{number % 9}", f"G{number}", "sp")) for number in range(60)]
    await tell(db, *friends, *animals, *[friendship(alice, friend) for friend in friends])
    await tell(db, *[capture(friend, each) for friend in friends for each in animals])

    assert await count() == few
    assert max(few) <= 3


async def test_a_chunk(client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered) -> None:
    headers = sign_in(alice.id)
    tree = (await client.get(TREE, headers=headers)).json()
    chunks = tree["layout"]["chunk_metadata"]["chunks"]
    assert [(chunk["chunk_x"], chunk["chunk_y"]) for chunk in chunks] == [(-1, 0), (0, 0)]

    ids = []
    for chunk in chunks:
        answer = await client.get(f"{TREE}chunk/{chunk['chunk_x']}/{chunk['chunk_y']}/", headers=headers)
        part = answer.json()
        assert answer.status_code == 200 and answer.headers["etag"]
        assert (part["node_count"], part["edge_count"]) == (chunk["node_count"], chunk["edge_count"])
        assert (len(part["nodes"]), len(part["edges"])) == (part["node_count"], part["edge_count"])
        assert all(edge in tree["edges"] for edge in part["edges"])
        ids += [node["id"] for node in part["nodes"]]
    assert sorted(ids) == sorted(node["id"] for node in tree["nodes"])


async def test_an_empty_chunk_and_no_chunk(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    empty = await client.get(f"{TREE}chunk/-3/99/", headers=sign_in())
    assert empty.json() == {"chunk_x": -3, "chunk_y": 99, "nodes": [], "edges": [], "node_count": 0, "edge_count": 0}

    for path in ("a/0", "0/1.5", "0/--1", "9999999999999999999999/0"):
        assert (await client.get(f"{TREE}chunk/{path}/", headers=sign_in())).status_code == 404


async def test_searching(client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered) -> None:
    headers = sign_in(alice.id)
    tree = (await client.get(TREE, headers=headers)).json()

    found = (await client.get(f"{TREE}search/?q=CANIS&mode=friends", headers=headers)).json()

    assert (found["query"], found["mode"], found["count"]) == ("CANIS", "friends", 2)
    wolf = found["results"][0]
    assert wolf["scientific_name"] == "Canis lupus"
    assert wolf["taxonomy_path"] == "Animalia/Chordata/Mammalia/Carnivora/Canidae/Canis/lupus"
    assert wolf["position"] == tree["layout"]["positions"][wolf["id"]]
    one = (await client.get(f"{TREE}search/?q=canis&limit=1", headers=headers)).json()
    assert one["results"] == [wolf]
    # Bob's private lion is not there to be found.
    assert (await client.get(f"{TREE}search/?q=leo", headers=headers)).json()["results"] == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "Query parameter required"),
        ("?q=%20", "Query parameter required"),
        ("?q=a&limit=0", "limit must be a positive integer"),
        ("?q=a&limit=-1", "limit must be a positive integer"),
        ("?q=a&limit=x", "limit must be a positive integer"),
    ],
)
async def test_a_wrong_search(client: httpx.AsyncClient, sign_in: SignIn, query: str, sentence: str) -> None:
    answer = await client.get(f"{TREE}search/{query}", headers=sign_in())

    assert (answer.status_code, answer.json()) == (400, {"error": sentence, "detail": sentence})


async def test_friends_of_the_tree(client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered) -> None:
    answer = (await client.get(f"{TREE}friends/", headers=sign_in(alice.id))).json()

    [bob] = answer["friends"]
    assert answer["total_friends"] == 1
    assert (bob["username"], bob["friend_code"], bob["unique_species"]) == ("bob", "BOB00000", 1)


async def test_the_older_tree(client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered) -> None:
    headers = sign_in(alice.id)
    answer = await client.get("/api/v1/graph/evolutionary-tree/", headers=headers)
    alias = await client.get("/api/v1/graph/taxonomic-tree/?use_cache=false", headers=headers)

    assert answer.status_code == 200 and alias.content == answer.content
    tree = answer.json()
    wolf, dog = tree["nodes"]
    assert (wolf["capture_count"], wolf["captured_by_user"], wolf["discoverer"]["is_friend"]) == (3, True, True)
    assert dog["discoverer"] is None
    assert tree["edges"] == [
        {"source": wolf["id"], "target": dog["id"], "relationship": "same_family", "family": "Canidae"}
    ]
    assert tree["stats"] == {
        "total_animals": 2,
        "user_captures": 2,
        "user_unique_species": 2,
        "friend_captures": 2,
        "friend_count": 1,
        "taxonomic_diversity": {"kingdoms": 1, "phylums": 1, "families": 1},
    }
    assert tree["metadata"] == {
        "user_id": str(alice.id),
        "username": "alice",
        "total_nodes": 2,
        "total_edges": 1,
    }
    known = await client.get(
        "/api/v1/graph/taxonomic-tree/", headers={**headers, "If-None-Match": alias.headers["etag"]}
    )
    assert known.status_code == 304


async def test_dropping_what_is_kept(
    client: httpx.AsyncClient, sign_in: SignIn, alice: UserRegistered, statements: list[str]
) -> None:
    headers = sign_in(alice.id)
    for path, data, message in (
        ("tree/invalidate/", {}, "Tree caches invalidated for user alice"),
        ("tree/invalidate/", {"scope": "user"}, "Tree caches invalidated for user alice"),
        ("invalidate-cache/", {}, "Graph cache invalidated successfully"),
    ):
        await client.get(TREE, headers=headers)
        dropped = await client.post(f"/api/v1/graph/{path}", json=data, headers=headers)
        assert (dropped.status_code, dropped.json()) == (200, {"message": message})
        statements.clear()
        await client.get(TREE, headers=headers)
        assert len(statements) == 3

    refused = await client.post(f"{TREE}invalidate/", json={"scope": "global"}, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (403, "Admin privileges required")
    allowed = await client.post(f"{TREE}invalidate/", json={"scope": "global"}, headers=sign_in(is_staff=True))
    assert allowed.status_code == 200
    wrong = await client.post(f"{TREE}invalidate/", json={"scope": "zzz"}, headers=headers)
    assert (wrong.status_code, wrong.json()["scope"]) == (400, ['"zzz" is not a valid choice.'])
