"""Several instances of one service: whom to ask next, and what becomes of a call when one is away or leaves."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from libs.common.auth import Player
from libs.common.calls import Peers
from libs.common.errors import Unavailable
from libs.common.instances import Instances


def addresses(instances: Instances) -> list[str]:
    return [instance.address for instance in instances.in_turn()]


def test_everybody_gets_a_turn() -> None:
    instances = Instances("http://a:1/, http://b:2,http://c:3")
    firsts = [addresses(instances)[0] for _ in range(6)]
    assert sorted(firsts) == sorted(2 * ["http://a:1", "http://b:2", "http://c:3"])


def test_who_leaves_or_is_away_comes_last_and_is_still_better_than_nobody() -> None:
    instances = Instances("http://a,http://b,http://c")
    a, b, _ = instances.all
    a.leaves()
    b.is_away()
    for _ in range(4):
        assert addresses(instances) == ["http://c", "http://b", "http://a"]


def test_a_single_one_is_tried_twice_and_none_never() -> None:
    assert addresses(Instances("http://a")) == ["http://a", "http://a"]
    assert addresses(Instances("")) == []


@asynccontextmanager
async def answering(*behaviors: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that gives these answers, one a connection and the last one for ever; b"" breaks off."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ", 1)[0])
        writer.write(behaviors[min(len(asked), len(behaviors)) - 1])
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


FINE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
LEAVING = FINE.replace(b"\r\n\r\n", b"\r\nX-Leaving: 1\r\n\r\n", 1)


@pytest.fixture
def wolf() -> Player:
    return Player(uuid4(), is_staff=False, is_superuser=False, token="token")


@pytest.fixture
def dead_address() -> Iterator[str]:
    """Where nobody listens, nor will."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{kept.getsockname()[1]}"


@asynccontextmanager
async def calls(urls: Sequence[str]) -> AsyncIterator[Peers]:
    peers = Peers({"animals": ",".join(urls)})
    try:
        yield peers
    finally:
        await peers.close()


async def test_any_call_goes_on_where_nobody_listens(wolf: Player, dead_address: str) -> None:
    async with answering(FINE) as (url, asked), calls([dead_address, url]) as peers:
        for _ in range(4):
            assert await peers.post("animals", "/internal/", wolf) == {}
            assert await peers.get("animals", "/internal/", wolf) == {}
    assert len(asked) == 8


async def test_a_read_that_breaks_is_asked_once_more_and_a_write_is_not(wolf: Player) -> None:
    async with answering(b"") as (url, asked), calls([url, url, url]) as peers:
        with pytest.raises(Unavailable):
            await peers.post("animals", "/internal/", wolf)
        assert asked == [b"POST"]
        with pytest.raises(Unavailable):
            await peers.get("animals", "/internal/", wolf)
        assert asked == [b"POST", b"GET", b"GET"]


async def test_who_says_that_it_leaves_is_asked_no_more(wolf: Player) -> None:
    async with answering(LEAVING) as (url, asked), answering(FINE) as (other, _), calls([url, other]) as peers:
        for _ in range(10):
            assert await peers.post("animals", "/internal/", wolf) == {}
    assert len(asked) == 1
