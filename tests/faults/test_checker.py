"""The checker as a person runs it, against what players of a running mesh were told (bus notes §10, hardening §3)."""

import json
import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.commands.walk import PHOTOS
from tests.faults.recovery import bdx, verified
from tests.mesh import Mesh, NewPlayer

KOALA = PHOTOS / "koala.webp"
KEPT = ("animal", "visibility", "notes", "catch_date", "source_vision_job")


def line(kind: str, id: str, owner: str | None, **state: Any) -> dict[str, Any]:
    return {"at": time.time(), "kind": kind, "id": id, "owner": owner, "state": state}


def written(folder: Path, lines: list[dict[str, Any]]) -> str:
    file = folder / f"{uuid4().hex}.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return str(file)


@pytest.mark.long
async def test_what_players_were_told_is_so_and_a_lie_is_found(
    mesh: Mesh, new_player: NewPlayer, tmp_path: Path
) -> None:
    ada, ben = await new_player("ada"), await new_player("ben")
    told = [line("user.registered", player.id, player.id, username=player.name) for player in (ada, ben)]
    conversion, checksum = await ada.upload(KOALA), sha256(KOALA.read_bytes()).hexdigest()
    told.append(line("conversion.created", conversion, ada.id, sha256=checksum))
    job = await ada.identify(conversion)
    told.append(line("job.created", job["id"], ada.id, sha256=checksum, provider=job["cv_method"]))
    animals = [animal["animal_id"] for animal in job["detected_animals"]]
    told.append(line("job.completed", job["id"], ada.id, animals=animals, status="completed", error=""))
    entry = await ada.catch(job)
    told.append(line("entry.created", entry["id"], ada.id, is_favorite=False, **{name: entry[name] for name in KEPT}))
    await ada.ask("PATCH", f"/dex/entries/{entry['id']}/", json={"notes": "in a tree"})
    told.append(line("entry.updated", entry["id"], ada.id, notes="in a tree"))
    asked = await ben.post("/social/friendships/send_request/", {"friend_code": ada.friend_code})
    told.append(line("friendship.requested", asked["id"], ben.id, other=ada.id))
    await ada.post(f"/social/friendships/{asked['id']}/respond/", {"action": "accept"})
    told.append(line("friendship.accepted", asked["id"], ada.id, other=ben.id))

    known = await verified(mesh, "--checksums", "1", patience=30)
    assert await verified(mesh, "--history", written(tmp_path, told), patience=10) <= known

    lost = str(uuid4())
    lies = [
        line("entry.updated", entry["id"], ada.id, notes="in the river"),
        line("entry.created", lost, ada.id, animal=entry["animal"]),
        line("friendship.ended", asked["id"], ada.id, other=ben.id),
        line("job.failed", job["id"], ada.id),
    ]
    found = await verified(mesh, "--history", written(tmp_path, told + lies), patience=1) - known
    assert found == {
        ("I9", "dex", f"entry/{entry['id']}"),
        ("I9", "dex", f"entry/{lost}"),
        ("I9", "social", f"friendship/{asked['id']}"),
        ("I9", "vision", f"job/{job['id']}"),
    }
    silence = [each for each in told if each["id"] != entry["id"]] + [line("entry.deleted", lost, ada.id)]
    found = await verified(mesh, "--history", written(tmp_path, silence), patience=1) - known
    assert found == {("I9", "dex", f"entry/{entry['id']}")}


@pytest.mark.long
async def test_a_bill_that_nobody_noted_is_found(mesh: Mesh, tmp_path: Path) -> None:
    known = await verified(mesh)
    key = str(uuid4())
    call = {"at": time.time() + 60, "sha256": "0" * 64, "idempotency_key": key, "billed": True, "answered": True}
    found = await verified(mesh, "--ledger", written(tmp_path, [call]), patience=1) - known
    assert found == {("I10", "vision", f"unnoted/{key}")}


@pytest.mark.long
async def test_files_are_missed_and_strangers_among_them_found(mesh: Mesh, new_player: NewPlayer) -> None:
    """A picture that a living entry shows is taken away, and a file that nobody names is laid beside it."""
    ada = await new_player("ada")
    entry = await ada.catch(await ada.identify(await ada.upload(KOALA)))
    folder = Path(mesh.topology["blobs"].removeprefix("file://"))
    key = "media/" + entry["original_image"].rpartition("/media/")[2]
    known = await verified(mesh, "--grace", "0")
    picture, away, stranger = folder / key, folder / "away", folder / "private" / f"nobodys-{uuid4().hex}"
    picture.rename(away)
    stranger.write_bytes(b"")
    try:
        found = await verified(mesh, "--grace", "0", patience=1) - known
    finally:
        away.rename(picture)
        stranger.unlink()
    where = {key: service for invariant, service, key in found if invariant == "I8"}
    assert where == {key: where[key], "away": "blobs", f"private/{stranger.name}": "blobs"}
    assert where[key] in ("dex", "vision")
    assert await verified(mesh, "--grace", "0") <= known


async def test_a_history_that_is_none_is_refused(mesh: Mesh, tmp_path: Path) -> None:
    file = tmp_path / "history"
    file.write_text("told you so\n")
    code, said = await bdx(mesh, "bus", "verify", "--history", str(file), "--json")
    assert (code, said) == (2, "")
