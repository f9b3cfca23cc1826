"""`./bdx deploy` on real containers while players play: every service is replaced, and no request fails."""

import asyncio
import json
import os
import random
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
import pytest

from deploy.check.tools import CHECKOUT
from deploy.images.plan import ALL
from deploy.rollout.plan import GATEWAYS, MEMBERS
from tests.deploy.compose.running import Project, running
from tests.deploy.compose.versions import ENDS, FOREVER_UNREADY, runs_instead, same_code
from tests.faults.rolling.players import Crowd, ready_players
from tests.faults.rolling.run import counting, differences, play
from tests.faults.rolling.tally import Tally
from tests.faults.rolling.ways_in import TIMEOUT, WayIn
from tests.mesh import wait_for_taxonomy

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1800)]

OFF = {"THROTTLE_ANON_RATE": "off", "THROTTLE_USER_RATE": "off", "THROTTLE_UPLOAD_RATE": "off"}
OLD, NEW, BROKEN = "latest", "second", "broken"
PLAYERS, SPECIES = 4, 8
RATE = float(os.environ.get("DEPLOY_RATE", "8"))
"""Requests a second: generator, front, two gateways and all services share the machine."""


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    with running("deployed", TAG=OLD, **OFF) as (found, _):
        wait_for_taxonomy(found.url)
        yield found


@asynccontextmanager
async def played(project: Project) -> AsyncIterator[Tally]:
    """Players read, write and upload meanwhile, with a new connection for each request, as the shipping client does."""
    seed = secrets.randbelow(10**6)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(
        connector=connector, timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        front = WayIn([project.url], session, "the front")
        try:
            people = await ready_players(project.url, PLAYERS)
        except Exception:
            print(project.complaints())
            raise
        tally, over = Tally(), asyncio.Event()
        crowd = Crowd(people, random.Random(seed), counting(front, tally))
        for _ in range(SPECIES):
            await crowd.name_a_species(people[0])
        load = asyncio.create_task(play(crowd, RATE, over))
        try:
            yield tally
        finally:
            over.set()
            await load
        for busy in people:
            tally.wrong += await differences(front, busy)
            await busy.player.__aexit__(None, None, None)
    print(f"\nseed {seed}: {tally.requests} requests {dict(tally.asked)}: {len(tally.failed)} failed reads, "
          f"{len(tally.lost)} lost writes, {len(tally.wrong)} not as acknowledged")  # fmt: skip


async def deployed(project: Project, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and report of the command, as an operator gives it."""
    command = ("-m", "deploy.commands", "deploy", "--folder", str(project.folder), "--yes", "--json", *words)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, json.loads(said)


def tags(project: Project) -> dict[str, str]:
    """Of every container that a deploy replaces, and of stand-ins that are left."""
    found = {name: each["ImageName"].rpartition(":")[2] for name, each in project.inspect().items()}
    names = {*(member.name for member in MEMBERS), *(member.stand_in for member in MEMBERS)}
    return {name: tag for name, tag in found.items() if name in names}


def holds(project: Project, tally: Tally) -> None:
    if tally.failed or tally.lost:
        print(*tally.failed, *tally.lost, project.complaints(), sep="\n")
    assert (tally.failed, tally.lost, tally.wrong) == ([], [], [])
    assert tally.asked["GET"] > 20
    assert tally.asked["POST"] > 5


async def test_every_service_is_replaced_and_no_request_fails(project: Project) -> None:
    for name in ALL:
        same_code(name, NEW)
    async with played(project) as tally:
        code, report = await deployed(project, "--tag", NEW)
    assert code == 0, report
    print("\n".join(f"  {step['name']:40} {step['seconds']:6.1f} s" for step in report["steps"]))
    assert tags(project) == {member.name: NEW for member in MEMBERS}
    assert f"TAG={NEW}\n" in (project.folder / ".env").read_text()
    assert project.run_inside("graph", "import os; print(os.environ['REVISION'])").stdout.strip() == NEW
    holds(project, tally)


@pytest.mark.long
@pytest.mark.parametrize(("service", "code"), [("dex", ENDS), ("graph", FOREVER_UNREADY), ("gateway", FOREVER_UNREADY)])
async def test_a_broken_image_is_taken_back_and_no_request_fails(project: Project, service: str, code: str) -> None:
    """The service before it in the row has been replaced by then, and comes back as well."""
    runs_instead(service, BROKEN, code)
    same_code("users", BROKEN)
    before = tags(project)
    chosen = ("--service", "users", "--service", service)
    async with played(project) as tally:
        code_of_it, report = await deployed(
            project, "--tag", BROKEN, *chosen, "--skip-backup", "--skip-migrate", "--ready-seconds", "30"
        )
    assert (code_of_it, report["way_back"]) == (1, "done"), report
    print(report["failure"].splitlines()[0])
    assert tags(project) == before
    holds(project, tally)


@pytest.mark.long
async def test_the_sign_is_up_while_it_deploys(project: Project) -> None:
    same_code("vision", "third")
    answers = []
    deploy = asyncio.create_task(
        deployed(project, "--tag", "third", "--service", "vision", "--maintenance", "--skip-backup")
    )
    async with httpx.AsyncClient(base_url=project.url) as client:
        while not deploy.done():
            answers.append(await client.get("/api/v1/animals/"))
            await asyncio.sleep(0.2)
        code, report = await deploy
        assert code == 0, report
        refused = [answer for answer in answers if answer.status_code == 503]
        assert refused
        assert {answer.headers["Retry-After"] for answer in refused} == {"30"}
        assert refused[0].json() == {"detail": "Down for maintenance, back in a moment."}
        assert (await client.get("/api/v1/animals/")).status_code == 200


@pytest.mark.long
async def test_back_to_the_release_before(project: Project) -> None:
    before = tags(project)
    same_code("gateway", "third")
    assert (await deployed(project, "--tag", "third", "--service", "gateway", "--skip-backup"))[0] == 0
    assert {tags(project)[name] for name in GATEWAYS} == {"third"}
    async with played(project) as tally:
        code, report = await deployed(project, "--rollback")
    assert code == 0, report
    assert tags(project) == before
    holds(project, tally)
