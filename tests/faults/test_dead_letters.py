"""Events that nobody can read are set aside by whoever was to get them, and by nobody else (F16)."""

import json
from pathlib import Path
from uuid import uuid4

from nats.aio.client import Client

from deploy.commands.walk import PHOTOS
from tests.faults.recovery import bdx, verified
from tests.mesh import Mesh, NewPlayer, until

CONSUMERS = {
    "users-count-catch",
    "animals-remember-entry",
    "vision-remember-entry",
    "social-count-catches",
    "graph-grow-trees",
}
"""Who gets `dex.created`."""


async def test_poison_is_set_aside_by_everybody_and_harms_nobody(
    mesh: Mesh, new_player: NewPlayer, listener: Client, tmp_path: Path
) -> None:
    ada = await new_player("ada")
    known = await verified(mesh)
    truncated, unfit = f"truncated-{uuid4().hex}", f"unfit-{uuid4().hex}"
    bus = listener.jetstream()
    poison = [
        await bus.publish("dex.created", b'{"id": "0b5', headers={"ce-id": truncated}),
        await bus.publish("dex.created", b'{"id": 5, "version": "no"}', headers={"ce-id": unfit}),
    ]

    # Its neighbor arrives as if nothing had happened.
    await ada.catch(await ada.identify(await ada.upload(PHOTOS / "koala.webp")))

    async def is_there() -> bool:
        return bool((await ada.tree("personal"))["stats"]["user_captures"] == 1)

    await until(is_there)

    async def set_aside() -> set[tuple[str, str]]:
        _, said = await bdx(mesh, "bus", "dlq", "list", "--json")
        return {(each["consumer"], each["event_id"]) for each in json.loads(said)}

    everywhere = {(consumer, poison) for consumer in CONSUMERS for poison in (truncated, unfit)}

    async def by_everybody() -> bool:
        return everywhere <= await set_aside()

    await until(by_everybody)
    ids = tmp_path / "poison"
    ids.write_text(f"{truncated}\n{unfit}\n")
    assert await verified(mesh, "--poison", str(ids)) <= known

    code, said = await bdx(mesh, "bus", "dlq", "show", unfit, "--consumer", "graph-grow-trees")
    assert (code, [letter["payload"] for letter in json.loads(said)]) == (0, [{"id": 5, "version": "no"}])
    code, said = await bdx(mesh, "bus", "dlq", "redrive", truncated, unfit)
    assert (code, said.splitlines()[-1]) == (1, f"0 applied, {len(everywhere)} still set aside.")
    code, _ = await bdx(mesh, "bus", "dlq", "drop", truncated, unfit, "--yes")
    assert code == 0
    assert not everywhere & await set_aside()
    assert (await bdx(mesh, "bus", "dlq", "show", unfit))[0] == 1
    # Nobody wrote these: as long as they are in the log the checker finds them, after all its patience.
    for message in poison:
        await bus.delete_msg(message.stream, message.seq)
    assert await verified(mesh) <= known
