"""A catalogue of the size of a small Catalogue of Life: how fast it comes in, and how fast names are found in it."""

import asyncio
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from deploy.local.ports import free_ports
from deploy.local.roles import create_schemas
from deploy.local.servers import servers
from libs.common.migrate import migrate
from services.animals.catalogue import import_catalogue
from tests.bench.coldp import ADJECTIVES, NOUNS, usages, write_coldp
from tests.bench.figures import Figure, quantile

SMALL, LARGE = 200_000, 1_000_000
SEED = 2026
SEARCHES = 400
WARM_UP = 50
READY_WITHIN = 60.0
ROOT = Path(__file__).parents[2]
Ask = Callable[[random.Random, str], dict[str, str]]


async def measure() -> list[Figure]:
    """Imports 200,000 names and then a million, and searches those through the service's own HTTP side."""
    # Servers as in production: what is committed is on disk.
    with servers(careless=False) as found, tempfile.TemporaryDirectory() as folder:
        url = create_schemas(found.admin_url)["animals"]
        await migrate("animals", url)
        figures = [await _import(url, Path(folder), SMALL), await _import(url, Path(folder), LARGE)]
        with _running_service(url, found.nats_url, folder) as address:
            figures += await _search(address)
    return figures


async def _import(url: str, folder: Path, names: int) -> Figure:
    file = folder / f"{names}.zip"
    write_coldp(file, names, seed=SEED)
    done = await import_catalogue(url, file, force=True)
    file.unlink()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured = f"{done.seconds:.1f} s, {done.rows_read / done.seconds:,.0f} rows/s ({memory:.0f} MB)"
    return Figure(f"ColDP zip of {names:,} names: imported", "memory independent of size", measured)


@contextmanager
def _running_service(database_url: str, nats_url: str, blobs: str) -> Iterator[str]:
    port = free_ports(1)[0]
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "NATS_URL": nats_url,
        "BLOB_URL": f"file://{blobs}",
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "libs.common.run", "services.animals.app:app"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def _search(address: str) -> list[Figure]:
    chance = random.Random(SEED)
    species = [usage.name for usage in usages(LARGE, SEED) if usage.rank == "species" and usage.status == "accepted"]
    async with aiohttp.ClientSession(address) as session:
        await _filled(session)
        for _ in range(WARM_UP):
            await _timed(session, _asked(chance, chance.choice(species)))
        seconds = [await _timed(session, _asked(chance, chance.choice(species))) for _ in range(SEARCHES)]
        rare = [await _timed(session, {"q": part}) for part in ("qj", "xw", "wx", "jq", "zx")]
    return [
        Figure(
            f"taxonomy search over {LARGE:,} names",
            "p95 ≤ 50 ms",
            f"p50 {statistics.median(seconds) * 1000:.1f} ms, p95 {quantile(seconds, 0.95) * 1000:.1f} ms",
        ),
        Figure(
            f"… for two letters that none of {LARGE:,} names has",
            "no bound",
            f"p50 {statistics.median(rare) * 1000:.0f} ms",
        ),
    ]


async def _filled(session: aiohttp.ClientSession) -> None:
    """Until the service has taken in its built-in names beside the catalogue."""
    limit = time.monotonic() + READY_WITHIN
    while time.monotonic() < limit:
        try:
            async with session.get("/api/v1/sources/") as answer:
                if (await answer.json())["count"] == 2:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.2)
    raise TimeoutError("the animals service does not become ready")


def _asked(chance: random.Random, name: str) -> dict[str, str]:
    """What a player may have typed to find `name`: most know some of it, few type a letter or two."""
    ask = chance.choices([ask for ask, _ in ASKED], [weight for _, weight in ASKED])[0]
    return {"limit": "20", **ask(chance, name)}


def _part(chance: random.Random, text: str, length: int) -> str:
    start = chance.randrange(max(1, len(text) - length + 1))
    return text[start : start + length].strip() or text[:length]


ASKED: tuple[tuple[Ask, int], ...] = (
    (lambda _, name: dict(zip(("genus", "species"), name.split(), strict=True)), 20),
    (lambda _, name: {"genus": name.split()[0]}, 10),
    (lambda _, name: {"species": name.split()[1]}, 5),
    (lambda chance, name: {"genus": name[: chance.randint(3, 6)]}, 10),
    (lambda chance, name: {"species": _part(chance, name.split()[1], chance.randint(3, 6))}, 10),
    (lambda chance, _: {"common_name": chance.choice(ADJECTIVES)}, 5),
    (lambda chance, _: {"common_name": chance.choice(NOUNS)}, 10),
    (lambda chance, name: {"genus": name[:4], "common_name": chance.choice(NOUNS)}, 5),
    (lambda _, name: {"q": name}, 5),
    (lambda chance, name: {"q": _part(chance, name, chance.randint(3, 6))}, 10),
    (lambda chance, name: {"q": _part(chance, name, chance.randint(1, 2))}, 10),
)


async def _timed(session: aiohttp.ClientSession, asked: dict[str, str]) -> float:
    began = time.perf_counter()
    async with session.get("/api/v1/taxonomy/search/", params=asked) as answer:
        await answer.read()
        assert answer.status == 200, (answer.status, asked)
    return time.perf_counter() - began
