"""A flood straight at a service: what it cannot bear is refused at once, with the time to come back (hardening 0.7)."""

import asyncio

from libs.common.tests.test_departure import Running, answer_of, request, running

PLACES = 2


async def held(server: Running) -> asyncio.StreamWriter:
    """A request of which one byte is missing."""
    _, writer = await server.connect()
    writer.write(request(b"hal", promised=4))
    await writer.drain()
    return writer


async def ask(server: Running, what: bytes) -> bytes:
    reader, writer = await server.connect()
    try:
        writer.write(what)
        head, body = await answer_of(reader)
    finally:
        writer.close()
    return head + body


async def test_more_than_it_can_bear_is_refused_and_probes_never_are() -> None:
    async with running(SERVICE_MAX_IN_FLIGHT=str(PLACES)) as server:
        writers = [await held(server) for _ in range(PLACES)]
        async with asyncio.timeout(10):
            while not (refused := await ask(server, request(b"more"))).startswith(b"http/1.1 503"):
                await asyncio.sleep(0.01)
        assert b"retry-after: 1\r\n" in refused
        assert refused.endswith(b'{"detail":"Service temporarily unavailable."}')
        for probe in (b"/health/", b"/ready/", b"/metrics"):
            assert (await ask(server, b"GET " + probe + b" HTTP/1.1\r\nHost: a\r\n\r\n")).startswith(b"http/1.1 200")
        for writer in writers:
            writer.write(b"f")
            writer.close()
        async with asyncio.timeout(10):
            while not (await ask(server, request(b"more"))).startswith(b"http/1.1 200"):
                await asyncio.sleep(0.01)


async def test_a_large_body_is_left_to_the_application() -> None:
    """Its sender would not hear a refusal before all is sent; the application hears it out, within its limits."""
    async with running(SERVICE_MAX_IN_FLIGHT=str(PLACES)) as server:
        writers = [await held(server) for _ in range(PLACES)]
        async with asyncio.timeout(10):
            while not (await ask(server, request(b"more"))).startswith(b"http/1.1 503"):
                await asyncio.sleep(0.01)
        assert (await ask(server, request(bytes(100_000)))).startswith(b"http/1.1 200")
        for writer in writers:
            writer.close()
