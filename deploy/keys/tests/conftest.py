"""A compose project that is played, whose users publishes the keys that it found when it was started."""

import json
from pathlib import Path

import pytest

from deploy.keys.stores import KeyFolder
from deploy.new_secrets import new_secrets, write
from deploy.rollout.tests.conftest import played as played
from deploy.rollout.tests.stage import Stage

STARTED = "        exits = known_image("
ASKED = '        if last == "/metrics/":\n'
FIND = """
def found():
    folder = STAGE / "deploy" / "secrets" / "users"
    retired = folder / "jwt_retired_keys"
    names = [(folder / "jwt_key_id").read_text(), *(json.loads(retired.read_text()) if retired.exists() else ())]
    return {"keys": [{"kid": name} for name in names]}


if __name__"""


@pytest.fixture
def secrets(played: Stage) -> KeyFolder:
    """The keys of the project that is played."""
    folder = played.place.folder / "secrets"
    write(new_secrets(database="postgres:5432", bus="nats:4222"), folder)
    program = Path(played.folder / "bin" / "docker")
    text = program.read_text()
    assert text.count(STARTED) == text.count(ASKED) == text.count("\nif __name__") == 1
    text = text.replace(STARTED, '        containers[last]["jwks"] = found()\n' + STARTED)
    text = text.replace(
        ASKED,
        '        if last == "/.well-known/jwks.json":\n'
        '            print(json.dumps([200, json.dumps(told["jwks"])]))\n'
        "        el" + ASKED.strip() + "\n",
    )
    program.write_text(text.replace("\nif __name__", FIND))
    # The one that runs was started with these.
    containers = played.folder / "containers.json"
    known = json.loads(containers.read_text())
    for told in known.values():
        told["jwks"] = {"keys": [{"kid": (folder / "users" / "jwt_key_id").read_text()}]}
    containers.write_text(json.dumps(known))
    return KeyFolder(folder / "users")
