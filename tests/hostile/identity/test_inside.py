"""Hardening 2G 145–148: inside the mesh nobody is believed by where they come from."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
from nats.aio.client import Client

from deploy.local.player import Player
from deploy.local.topology import MESH
from libs.common.bus import STREAM
from tests.answers import Ask, body_of
from tests.contract.captures import catch, new_animal
from tests.faults.recovery import bdx, verified
from tests.hostile.identity.test_tokens import DOORS
from tests.mesh import Mesh, NewPlayer, until

PRIVATE = {
    "users": ("/internal/users/{}/", "/internal/users/by-friend-code/AAAAAAAA/"),
    "vision": ("/internal/jobs/{}/",),
}


def forged(player: Player) -> dict[str, str]:
    """Every header by which some system or other says who somebody is."""
    names = ("X-User-Id", "X-User", "X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Auth-Request-User")
    flags = ("X-User-Is-Staff", "X-Is-Staff", "X-Is-Superuser", "X-Internal", "X-Internal-Token", "X-Service")
    return {**dict.fromkeys(names, player.id), **dict.fromkeys(flags, "true"), "X-Forwarded-For": "127.0.0.1"}


async def test_145_a_header_makes_nobody_at_a_services_own_port(mesh: Mesh, ada: Player) -> None:
    """Without a token: 401 at each service; with a player's own: no more than that player."""
    for name, path in DOORS.items():
        async with httpx.AsyncClient(base_url=mesh.topology["processes"][name]["url"]) as client:
            answer = await client.get(
                "/api/v1/users/me/" if name in ("gateway", "users") else path, headers=forged(ada)
            )
            if name != "animals":
                assert answer.status_code == 401, name
            for bad in ("Bearer x", f"Bearer {ada.id}", "Internal true", "Basic YWRtaW46YWRtaW4="):
                answer = await client.get(path, headers={**forged(ada), "Authorization": bad})
                assert answer.status_code in ((200, 401) if name == "animals" else (401,)), (name, bad)
    async with httpx.AsyncClient(base_url=mesh.topology["processes"]["users"]["url"]) as users:
        headers = {**forged(ada), "Authorization": ada.authorization}
        assert (await users.get("/api/v1/users/", headers=headers)).status_code == 403


async def test_145_what_services_ask_each_other_needs_the_players_token_and_has_no_way_in(
    mesh: Mesh, web: httpx.AsyncClient, ada: Player
) -> None:
    for name, paths in PRIVATE.items():
        async with httpx.AsyncClient(base_url=mesh.topology["processes"][name]["url"]) as client:
            for path in paths:
                address = path.format(uuid4())
                assert (await client.get(address, headers=forged(ada))).status_code == 401, address
                for outside in (address, f"/api/v1{address}", f"/api/v1/{name}/..{address}", f"/{name}{address}"):
                    answer = await web.get(outside, headers={"Authorization": ada.authorization})
                    assert answer.status_code == 404, outside


GARBAGE: dict[str, tuple[str, bytes]] = {
    "nothing": ("user.updated", b""),
    "no JSON": ("friendship.updated", b"\xff\xfe\x00"),
    "not an object": ("dex.deleted", b"[1, 2]"),
    "deep": ("image.uploaded", b"[" * 100_000),
    "null": ("animal.updated", b"null"),
    "an older shape": ("animal.identified", b'{"job": "x", "name": "Bison bison"}'),
    "wrong types": ("user.registered", json.dumps({"id": 5, "version": "new", "username": None}).encode()),
    "an unknown type": ("animal.abducted", b"{}"),
    "a NUL": ("user.updated", json.dumps({"id": str(uuid4()), "version": 1, "username": "a\0b"}).encode()),
    "a version beyond the database": (
        "dex.deleted",
        json.dumps({"id": str(uuid4()), "version": 2**70, "owner_id": str(uuid4())}).encode(),
    ),
    "such a version in another shape": ("dex.updated", json.dumps({"id": str(uuid4()), "version": 2**70}).encode()),
    "a version below zero": (
        "dex.deleted",
        json.dumps({"id": str(uuid4()), "version": -1, "owner_id": str(uuid4())}).encode(),
    ),
}


async def test_146_garbage_on_the_bus_is_set_aside_and_the_next_event_counts(
    mesh: Mesh, ask: Ask, new_player: NewPlayer, listener: Client
) -> None:
    """From somebody who has the administrator's password; without headers, and with hostile ones."""
    js = listener.jetstream()
    marked, told = {}, []
    for kind, (subject, data) in GARBAGE.items():
        marked[kind] = f"garbage-{uuid4().hex}"
        hostile = {"ce-id": marked[kind], "traceparent": "\x1b[31m", "x": "a\0b"}
        told += [await js.publish(subject, data, headers=hostile), await js.publish(subject, data)]
    eve, ann = await new_player("eve"), await new_player("ann")
    await eve.befriend(ann)
    await catch(ask, eve, await new_animal(ask, eve), visibility="friends")

    async def goes_on() -> bool:
        return bool((await ann.tree("friends"))["stats"]["friend_captures"] == 1)

    await until(goes_on, 60)
    readable = {marked[kind] for kind in GARBAGE if kind != "an unknown type"}

    async def all_set_aside() -> bool:
        _, said = await bdx(mesh, "bus", "dlq", "list", "--json")
        letters: list[dict[str, Any]] = json.loads(said)
        return readable <= {letter["event_id"] for letter in letters}

    await until(all_set_aside, 120)
    _, said = await bdx(mesh, "bus", "dlq", "list", "--json")
    ours = [letter for letter in json.loads(said) if letter["event_id"].startswith(("garbage-", "seq-"))]
    assert (await bdx(mesh, "bus", "dlq", "drop", "--yes", *sorted({letter["event_id"] for letter in ours})))[0] == 0
    for acknowledged in told:
        await js.delete_msg(STREAM, acknowledged.seq)


async def test_146_the_server_takes_nothing_above_its_limit(mesh: Mesh) -> None:
    """A megabyte and one byte, sent without a client's library, which would refuse it first."""
    address = urlsplit(mesh.topology["nats"]["url"])
    said = json.dumps({"verbose": False, "user": address.username, "pass": address.password})
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"CONNECT {said}\r\nPUB dex.created {1024 * 1024 + 1}\r\n".encode())
    assert b"-ERR 'Maximum Payload Violation'" in await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()


@pytest.mark.timeout(300)
async def test_147_all_events_from_the_first_once_more_change_nothing(
    mesh: Mesh, ask: Ask, new_player: NewPlayer, listener: Client
) -> None:
    """Every durable is made anew and reads the whole log again: the same state, and nobody tells anything new."""
    eve, ann = await new_player("eve"), await new_player("ann")
    await eve.befriend(ann)
    await catch(ask, eve, await new_animal(ask, eve), visibility="friends")
    known = await verified(mesh)
    before = [await state_of(ask, each) for each in (eve, ann)]
    js = listener.jetstream()
    end = (await js.stream_info(STREAM)).state.last_seq
    names = [info.name for info in await js.consumers_info(STREAM) if info.config.durable_name]
    assert len(names) > 25
    for name in names:
        await js.delete_consumer(STREAM, name)
    assert (await bdx(mesh, "bus", "provision"))[0] == 0

    async def all_read() -> bool:
        infos = [info for info in await js.consumers_info(STREAM) if info.name in names]
        return len(infos) == len(names) and all(info.num_pending == info.num_ack_pending == 0 for info in infos)

    await until(all_read, 200)
    # Garbage that the log still holds from elsewhere is rightly set aside once more.
    assert {each for each in await verified(mesh) if each[0] != "I4"} <= known
    await bdx(mesh, "bus", "dlq", "drop", "--all", "--yes")
    assert [await state_of(ask, each) for each in (eve, ann)] == before
    assert (await js.stream_info(STREAM)).state.last_seq == end


async def state_of(ask: Ask, player: Player) -> list[Any]:
    found = []
    for path in ("/users/me/", "/dex/entries/my_entries/", "/dex/entries/friends_overview/", "/social/friendships/"):
        found.append(body_of(await ask(player, "GET", path)))
    tree = body_of(await ask(player, "GET", "/graph/tree/?mode=friends"))
    return [*found, tree["stats"]["friend_captures"], tree["stats"]["user_captures"]]


@pytest.fixture(scope="module")
async def roles(mesh: Mesh) -> AsyncIterator[dict[str, asyncpg.Connection]]:
    urls: dict[str, str] = mesh.topology["postgres"]["urls"]
    found = {name: await asyncpg.connect(url.replace("+asyncpg", "")) for name, url in urls.items()}
    yield found
    for connection in found.values():
        await connection.close()


@pytest.mark.parametrize(("role", "other"), list(permutations(MESH.schemas, 2)))
async def test_148_no_role_reads_or_writes_anothers_schema(
    roles: dict[str, asyncpg.Connection], role: str, other: str
) -> None:
    """In the running mesh, table by table; nor may it see them, become the other, or leave anything there."""
    tables = [
        row[0] for row in await roles[other].fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", other)
    ]
    assert len(tables) > 2
    statements = [f"CREATE TABLE {other}.mine (id int)", f"SET ROLE {other}", f"DROP SCHEMA {other} CASCADE"]
    for table in tables:
        statements += [f'SELECT 1 FROM {other}."{table}" LIMIT 1', f'DELETE FROM {other}."{table}"']
    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await roles[role].execute(statement)


async def test_148_no_role_has_more_than_its_schema(roles: dict[str, asyncpg.Connection]) -> None:
    for role, connection in roles.items():
        row = await connection.fetchrow(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls "
            "FROM pg_roles WHERE rolname = $1",
            role,
        )
        assert set(row.values()) == {False}, role
        for statement in (
            "CREATE TABLE public.for_all (id int)",
            "CREATE DATABASE another",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "SELECT pg_read_file('postgresql.conf')",
            "SELECT rolpassword FROM pg_authid",
            "SELECT lo_import('/etc/passwd')",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
