"""`./bdx keys rotate` under players: nobody is signed out, and a key that has leaked is worth nothing (contract T1)."""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from deploy.keys.stack import ASKED
from deploy.local.player import Player
from deploy.local.stack import Stack
from deploy.local.topology import MESH, Topology
from tests.mesh import Mesh

ROOT = Path(__file__).parents[3]
AS_STARTED = dict(os.environ)
"""The environment before any fixture of a service's tests changed it."""
TWO_OF_USERS = Topology(
    (*MESH.processes, *(replace(each, name="users-2") for each in MESH.processes if each.name == "users")),
    MESH.preparations,
)
SETTINGS = {f"THROTTLE_{kind}_RATE": "off" for kind in ("ANON", "USER", "UPLOAD")} | {
    "DRAIN_SECONDS": "1.5",
    "GRACE_SECONDS": "20",
}
READS = ("/users/me/", "/dex/entries/my_entries/", "/social/friendships/friends/", "/vision/jobs/", "/animals/")


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The mesh with two instances of users, of which one is always there."""
    folder = tmp_path_factory.mktemp("keys")
    with Stack(folder, topology=TWO_OF_USERS, environment=AS_STARTED | SETTINGS, careless=True) as stack:
        yield Mesh(stack.data_dir)


async def bdx(*arguments: str | Path) -> Any:
    """What the command says in JSON."""
    given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "NATS_URL", "DATA_DIR")}
    command = [sys.executable, "-c", "from deploy.commands.keys import keys; keys()", *map(str, arguments), "--json"]
    ended = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=given, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def key_of(authorization: str) -> str:
    name: str = jwt.get_unverified_header(authorization.removeprefix("Bearer "))["kid"]
    return name


@dataclass
class Busy:
    """Somebody who plays all the time: what did not go through, and which keys signed what did."""

    url: str
    player: Player
    refresh: str
    failed: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    async def play(self) -> None:
        """Reads with the first token, exchanges the first refresh token, reads with what that gives."""
        async with httpx.AsyncClient(base_url=f"{self.url}/api/v1", timeout=30) as client:
            while True:
                answer = await client.post("/auth/refresh/", json={"refresh": self.refresh})
                self._note(answer)
                tokens = [self.player.authorization]
                if answer.status_code == 200:
                    tokens.append(f"Bearer {answer.json()['access']}")
                for token in tokens:
                    for path in READS:
                        answer = await client.get(path, headers={"Authorization": token})
                        self._note(answer)
                        self.seen[key_of(token)] += answer.status_code == 200

    def _note(self, answer: httpx.Response) -> None:
        if answer.status_code != 200:
            self.failed.append(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")


@asynccontextmanager
async def playing(mesh: Mesh, name: str) -> AsyncIterator[Busy]:
    """Two who play the same player while the block runs."""
    async with Player(mesh.url, name) as player:
        await player.sign_up()
        login = {"username": name, "password": "a photo of a tawny owl"}
        refresh = (await player.post("/auth/login/", login))["refresh"]
        busy = Busy(mesh.url, player, refresh)
        tasks = [asyncio.create_task(busy.play()) for _ in range(2)]
        try:
            yield busy
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each for each in ended if not isinstance(each, asyncio.CancelledError)] == []


async def published(mesh: Mesh) -> list[set[str]]:
    """The names of the keys that each instance of users publishes."""
    found = []
    async with httpx.AsyncClient() as client:
        for name in ("users", "users-2"):
            url = mesh.topology["processes"][name]["url"]
            keys = (await client.get(f"{url}/.well-known/jwks.json")).json()["keys"]
            found.append({key["kid"] for key in keys})
    return found


@pytest.mark.timeout(300)
async def test_a_rotation_signs_nobody_out(mesh: Mesh) -> None:
    async with playing(mesh, "rotating") as busy:
        old = key_of(busy.player.authorization)
        done = await bdx("rotate", "--data-dir", mesh.data_dir, "--wait", "2")
        new = done["signs"]
        assert done["retired"] == [old]
        before = busy.seen[new]
        async with asyncio.timeout(30):
            while busy.seen[new] < before + 3 * len(READS):
                await asyncio.sleep(0.05)
    assert busy.failed == []
    assert busy.seen[old] > len(READS)
    assert await published(mesh) == [{old, new}] * 2
    rows = (await bdx("list", "--data-dir", mesh.data_dir))["results"]
    assert [(row["key_id"], row["state"]) for row in rows] == [(new, "signs"), (old, "retired")]


@pytest.mark.timeout(300)
async def test_tokens_of_a_key_that_has_leaked_are_refused_by_everybody_at_once(mesh: Mesh) -> None:
    async with Player(mesh.url, "leaking") as player:
        await player.sign_up()
        refresh = (await player.post("/auth/login/", {"username": "leaking", "password": "a photo of a tawny owl"}))[
            "refresh"
        ]
        headers = {"Authorization": player.authorization}
        addresses = {name: each["url"] for name, each in mesh.topology["processes"].items() if each["url"]}
        asked = [addresses[name] + path for name, path in ASKED.items()]
        async with httpx.AsyncClient(timeout=30) as client:
            for url in asked:
                assert (await client.get(url, headers=headers)).status_code == 200, url
            done = await bdx("rotate", "--data-dir", mesh.data_dir, "--retire-now")
            assert key_of(player.authorization) in done["forgotten"]
            for url in [*asked, *(f"{mesh.url}/api/v1{path}" for path in READS)]:
                answer = await client.get(url, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid"), url
            answer = await client.post(f"{mesh.url}/api/v1/auth/refresh/", json={"refresh": refresh})
            assert answer.status_code == 401
        assert await published(mesh) == [{done["signs"]}] * 2
    async with Player(mesh.url, "leaking") as player:
        await player.sign_in()
        assert key_of(player.authorization) == done["signs"]
        for path in READS:
            await player.get(path)
