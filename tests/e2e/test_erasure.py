"""A deleted player leaves nothing: no schema, no file and no event tells of them, and a rebuild brings nothing back."""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import nats
from nats.js.api import ConsumerConfig, DeliverPolicy

from deploy.commands.walk import PHOTOS
from tests.mesh import Mesh, NewPlayer, until

MARK = uuid4().hex[:8]
BIO = f"I keep a stoat called Wilhelmina {MARK}"
NOTES = f"Behind the third oak at Fennimore Hall {MARK}"
PLACE = f"Fennimore Hall, north gate {MARK}"


async def tables_that_tell(mesh: Mesh, needles: list[str]) -> set[str]:
    """Every table of every schema with a row that contains one of the needles."""
    connection = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    try:
        tables = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        found = set()
        for schema, table in (tuple(row) for row in tables):
            if table in ("taxa", "common_names"):
                continue  # A hundred thousand names of animals.
            # Bytes are shown as text too, so that the payloads of events are looked through.
            rows = f'SELECT t::text || {_bytes_of(table)} AS row FROM "{schema}"."{table}" t'
            query = f"SELECT 1 FROM ({rows}) r WHERE row LIKE ANY($1::text[]) LIMIT 1"
            if await connection.fetchval(query, [f"%{needle}%" for needle in needles]):
                found.add(f"{schema}.{table}")
        return found
    finally:
        await connection.close()


def _bytes_of(table: str) -> str:
    return "encode(t.payload, 'escape')" if table in ("outbox", "dead_letter") else "''"


async def events_that_tell(mesh: Mesh, needles: list[str]) -> set[str]:
    """Subjects of all events in the log that contain one of the needles, in payload or headers."""
    client = await nats.connect(mesh.topology["nats"]["url"])
    try:
        config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy="none", mem_storage=True)
        subscription = await client.jetstream().pull_subscribe("", stream="EVENTS", config=config)
        found = set()
        while True:
            info = await subscription.consumer_info()
            if not info.num_pending:
                return found
            for message in await subscription.fetch(200, timeout=5):
                whole = message.data.decode() + json.dumps(dict(message.headers or {}))
                if any(needle in whole for needle in needles):
                    found.add(message.subject)
    finally:
        await client.close()


def files(mesh: Mesh) -> set[Path]:
    folder = Path(urlsplit(mesh.topology["blobs"]).path)
    return {path for path in folder.rglob("*") if path.is_file()}


async def test_nothing_tells_of_a_deleted_player(mesh: Mesh, new_player: NewPlayer) -> None:
    eve, ben = await new_player("evangeline"), await new_player("ben")
    await eve.befriend(ben)
    before = files(mesh)
    job = await eve.identify(await eve.upload(PHOTOS / "koala.webp"))
    theirs = files(mesh) - before
    assert theirs
    await eve.post(
        "/dex/entries/",
        {"animal": job["identified_animal"], "source_vision_job": job["id"], "notes": NOTES, "location_name": PLACE},
    )
    await eve.ask("PATCH", "/users/me/", json={"bio": BIO})

    async def ben_sees() -> bool:
        return bool((await ben.tree("friends"))["stats"]["friend_captures"] == 1)

    await until(ben_sees)
    picture = urlsplit(job["dex_compatible_url"]).path.rpartition("/")[2]
    needles = [eve.name, f"{eve.name}@example.com", eve.friend_code, BIO, NOTES, PLACE, picture]
    assert {"users.users", "dex.dex_entries", "graph.ref_users"} <= await tables_that_tell(mesh, needles)
    assert {"user.registered", "dex.created", "image.identified"} <= await events_that_tell(mesh, needles)

    await eve.ask("DELETE", "/users/me/", expected=(204,))
    told: set[str] = set()

    async def nobody_tells() -> bool:
        told.clear()
        told.update(await tables_that_tell(mesh, needles), await events_that_tell(mesh, needles))
        told.update(path.name for path in files(mesh) & theirs)
        await asyncio.sleep(0.5)
        return not told

    try:
        await until(nobody_tells, 45)
    except TimeoutError:
        assert told == set()
    await _rebuilt(mesh)
    assert await tables_that_tell(mesh, needles) == set()
    tree = await ben.tree("friends")
    assert (tree["stats"]["friend_captures"], tree["metadata"]["scoped_users"]) == (0, 1)


async def _rebuilt(mesh: Mesh) -> None:
    """The graph service forgets everything and reads the whole log anew."""
    connection = await asyncpg.connect(mesh.topology["postgres"]["admin_url"])
    client = await nats.connect(mesh.topology["nats"]["url"])
    js = client.jetstream()
    try:
        names = [info.name for info in await js.consumers_info("EVENTS") if info.name.startswith("graph-")]
        for name in names:
            await js.delete_consumer("EVENTS", name)
        await connection.execute(
            "TRUNCATE graph.ref_users, graph.ref_animals, graph.captures, graph.friendships, graph.scope_versions"
        )

        async def caught_up() -> bool:
            infos = {info.name: info for info in await js.consumers_info("EVENTS")}
            return all(
                name in infos and infos[name].num_pending == 0 and infos[name].num_ack_pending == 0 for name in names
            )

        # The watchdog finds the durables missing and has them made again.
        await until(caught_up, 45)
    finally:
        await client.close()
        await connection.close()
