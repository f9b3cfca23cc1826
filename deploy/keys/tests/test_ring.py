"""What becomes of keys step by step, and that no interruption loses one."""

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from deploy.keys.ring import NoKey, public_pem
from deploy.keys.rotating import next_step, take_step
from deploy.keys.stores import KEPT, KeyFolder, StackKeys, Store, alone, read, write
from deploy.local.credentials import Credentials
from deploy.local.environment import Surroundings
from deploy.local.topology import MESH
from deploy.new_secrets import new_secrets
from deploy.new_secrets import write as write_secrets
from services.users.keys import Keyring

WEEK = timedelta(days=7)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(params=["folder", "stack"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A new installation's keys, in each of the two places."""
    if request.param == "folder":
        write_secrets(new_secrets(database="postgres:5432", bus="nats:4222"), tmp_path / "secrets")
        return KeyFolder(tmp_path / "secrets" / "users")
    Credentials.kept_in(tmp_path, ("users",), ("users",))
    return StackKeys(tmp_path)


def keyring(store: Store) -> Keyring:
    """As the users service has it that starts now."""
    told = store.told()
    return Keyring(told["jwt_private_key"], told["jwt_key_id"], json.loads(told["jwt_retired_keys"] or "{}"))


def published(store: Store) -> list[str]:
    return sorted(key["kid"] for key in keyring(store).published()["keys"])


def a_token(store: Store) -> str:
    return keyring(store).sign({"exp": 2**40})


def test_a_key_is_published_before_it_signs_and_after_it_has_signed(store: Store) -> None:
    first, old = a_token(store), read(store).key_id
    ring = take_step(store, "publish", lifetime=WEEK, moment=NOW)
    assert (ring.key_id, published(store)) == (old, sorted([old, ring.next_id]))
    assert next_step(read(store)) == "sign"
    again = take_step(store, "publish", lifetime=WEEK, moment=NOW)
    assert again.next_id == ring.next_id, "one that is waited for is not forgotten for another"
    signing = take_step(store, "sign", lifetime=WEEK, moment=NOW)
    assert (signing.key_id, published(store)) == (ring.next_id, sorted([old, ring.next_id]))
    assert jwt.get_unverified_header(a_token(store))["kid"] == ring.next_id
    assert keyring(store).read(first) == {"exp": 2**40}
    assert keyring(store).read(a_token(store)) == {"exp": 2**40}
    assert read(store).needed_until(old, WEEK) == NOW + WEEK


def test_a_retired_key_goes_with_the_next_rotation_after_its_last_token(store: Store) -> None:
    names = [read(store).key_id]
    for day in (0, 3, 8):
        for step in ("publish", "sign"):
            ring = take_step(store, step, lifetime=WEEK, moment=NOW + timedelta(days=day))
        names.append(ring.key_id)
    assert published(store) == sorted(names[1:])
    assert set(read(store).retired_at) == set(names[1:3])


def test_what_has_leaked_is_worth_nothing_at_once(store: Store) -> None:
    leaked = a_token(store)
    take_step(store, "sign", lifetime=WEEK)
    ring = take_step(store, "retire", lifetime=WEEK)
    assert published(store) == [ring.key_id]
    with pytest.raises(jwt.InvalidKeyError):
        keyring(store).read(leaked)


def test_a_stack_that_began_with_retired_keys_forgets_them_as_well(tmp_path: Path) -> None:
    Credentials.kept_in(tmp_path, ("users",), ("users",))
    store = StackKeys(tmp_path)
    old = take_step(store, "sign", lifetime=WEEK).others
    at_its_start = of_users(tmp_path, store)
    assert set(json.loads(at_its_start["JWT_RETIRED_KEYS"])) == set(old)
    ring = take_step(store, "retire", lifetime=WEEK)
    started_again = at_its_start | surroundings(tmp_path).signing_key()
    assert (started_again["JWT_KEY_ID"], json.loads(started_again["JWT_RETIRED_KEYS"])) == (ring.key_id, {})


def surroundings(folder: Path) -> Surroundings:
    kept = Credentials.kept_in(folder, ())
    return Surroundings({}, folder, folder, "http://127.0.0.1:1", "", {}, {"users": "postgresql://"}, kept)


def of_users(folder: Path, store: Store) -> dict[str, str]:
    """What the users service of a stack is told that starts now."""
    told = surroundings(folder).of(next(each for each in MESH.processes if each.signs_tokens), 1)
    assert told["JWT_PRIVATE_KEY"].strip() == store.told()["jwt_private_key"].strip()
    return told


def test_a_key_of_which_nobody_knows_since_when_it_is_retired_stays(store: Store) -> None:
    ring = read(store)
    by_hand = {"by hand": public_pem(ring.private)}
    write(store, replace(ring, others=by_hand))
    ring = take_step(store, "publish", lifetime=WEEK, moment=NOW + 100 * WEEK)
    assert "by hand" in ring.others


def test_killed_anywhere_between_it_goes_on_and_no_token_is_lost(tmp_path: Path) -> None:
    """A folder has a file for each value: whatever was written last, the same step again makes it whole."""
    for survivors in range(4):
        secrets = tmp_path / f"secrets-{survivors}"
        write_secrets(new_secrets(database="postgres:5432", bus="nats:4222"), secrets)
        store = KeyFolder(secrets / "users")
        first, old = a_token(store), read(store).key_id
        new = take_step(store, "publish", lifetime=WEEK).next_id
        before = {name: (store.folder / name).read_bytes() for name in ORDER}
        notes = (store.beside / "notes.json").read_bytes()
        take_step(store, "sign", lifetime=WEEK)
        for name in ORDER[survivors:]:
            (store.folder / name).write_bytes(before[name])
        (store.beside / "notes.json").write_bytes(notes)
        ring = take_step(store, "sign", lifetime=WEEK)
        assert (ring.key_id, list(ring.others), list(ring.retired_at)) == (new, [old], [old]), survivors
        assert keyring(store).read(first) == {"exp": 2**40}
        assert keyring(store).read(a_token(store)) == {"exp": 2**40}


ORDER = ("jwt_retired_keys", "jwt_private_key", "jwt_key_id")
"""In which they are written."""


def test_all_is_kept_as_it_was_before_for_its_owner_only(store: Store) -> None:
    first = store.told()
    for _ in range(KEPT + 1):
        take_step(store, "publish", lifetime=WEEK)
        take_step(store, "sign", lifetime=WEEK)
    files = sorted(store.beside.glob("before-*.json"))
    assert len(files) == KEPT
    assert first not in [json.loads(path.read_text()) for path in files]
    assert json.loads(files[-1].read_text())["jwt_key_id"] != read(store).key_id
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.beside.iterdir()} == {0o600}


def test_the_files_can_be_read_by_whom_they_could_be_read_before(tmp_path: Path) -> None:
    write_secrets(new_secrets(database="postgres:5432", bus="nats:4222"), tmp_path / "secrets")
    folder = tmp_path / "secrets" / "users"
    for mode in (0o644, 0o600):
        (folder / "jwt_private_key").chmod(mode)
        take_step(KeyFolder(folder), "publish", lifetime=WEEK)
        assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ORDER} == {mode}
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(("jwt", "."))) == sorted(ORDER)


@pytest.fixture
def held(store: Store) -> Iterator[None]:
    with alone(store):
        yield


@pytest.mark.usefixtures("held")
def test_two_at_once_are_refused(store: Store) -> None:
    with pytest.raises(NoKey, match="somebody else"), alone(store):
        pytest.fail("two at once")


def test_nothing_to_change_is_said(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    with pytest.raises(NoKey, match="no jwt_private_key"):
        read(KeyFolder(tmp_path / "users"))
    (tmp_path / "users" / "jwt_private_key").write_text("not a key")
    (tmp_path / "users" / "jwt_key_id").write_text("x")
    with pytest.raises(NoKey, match="cannot be read"):
        take_step(KeyFolder(tmp_path / "users"), "publish", lifetime=WEEK).with_next().turned(NOW)
        take_step(KeyFolder(tmp_path / "users"), "sign", lifetime=WEEK)
    with pytest.raises(NoKey, match="cannot be read"):
        read(StackKeys(tmp_path))
