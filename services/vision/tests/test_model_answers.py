"""What may come from whoever answers in the model's name: nothing at all, too much, packed, a wish to be left alone."""

import gzip
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.vision.providers.openai import OpenAIProvider
from services.vision.providers.provider import EmptyAnswer, ProviderFailed
from services.vision.providers.retry_after import LONGEST_SECONDS, retry_after
from services.vision.tests.samples import jpeg
from tests.fakes.model_server import ModelServer
from tests.fakes.model_steps import Fail, Raw, Say, completion

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def failure_of(base_url: str, seconds: float = 3.0) -> ProviderFailed:
    provider = OpenAIProvider(api_key="sk-x", base_url=base_url, timeout_seconds=seconds)
    try:
        with pytest.raises(ProviderFailed) as caught:
            await provider.ask(jpeg(), model="gpt-4o", detail="auto", key=uuid4().hex)
    finally:
        await provider.close()
    return caught.value


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:1/v1", "http://no-such-host.invalid/v1"],
    ids=["refused", "no such name"],
)
async def test_nobody_there_may_pass(base_url: str) -> None:
    """H16: refused connections and names that do not resolve are an outage, not a refusal of the job."""
    failure = await failure_of(base_url)
    assert (failure.reason, failure.is_final) == ("provider_error", False)


async def test_no_tls_where_tls_is_asked_for(model: ModelServer) -> None:
    """H16: a TLS failure is an outage, and the picture has not been sent."""
    failure = await failure_of(model.url.replace("http://", "https://"))
    assert (failure.reason, failure.is_final) == ("provider_error", False)
    assert model.calls == []


async def test_a_black_hole_costs_the_deadline() -> None:
    """H16: somebody takes the connection and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        failure = await failure_of(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", seconds=0.5)
    assert (failure.reason, failure.is_final) == ("timeout", False)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(completion("gpt-4o", Say("Lynx lynx"))).encode()[:-40],
        b"<html><body>502 Bad Gateway</body></html>",
        b"",
        b"null",
        b"[]",
        b'"Lynx lynx"',
        b'{"choices": "none"}',
        b'{"choices": [{"message": {"content": ["Lynx lynx"]}}]}',
        b"[" * 100_000,
        b'{"choices": [{"message": {"content": "' + b"x" * 50_000_000 + b'"}}]}',
    ],
    ids=["truncated", "html", "empty", "null", "list", "text", "choices", "content", "deep", "50 MB"],
)
async def test_no_answer_at_all(model: ModelServer, body: bytes) -> None:
    """H16: whatever it is, it is tried again later; none of it is an answer, and none of it is kept whole."""
    model.will(Raw(body))
    failure = await failure_of(model.url)
    assert (failure.reason, failure.is_final) == ("provider_error", False)


async def test_a_name_that_was_cut_off_is_none(model: ModelServer) -> None:
    """H16: with `finish_reason` length the last name may be half of another one; those before it are whole."""
    model.will(Say("Bison bison (American bison) | Ursus arct", finish_reason="length"))
    provider = OpenAIProvider(api_key="sk-x", base_url=model.url, timeout_seconds=3)
    answer = await provider.ask(jpeg(), model="gpt-4o", detail="auto", key=uuid4().hex)
    await provider.close()
    assert [name.scientific_name for name in provider.read(answer.body).names] == ["Bison bison"]
    model.will(Say("Ursus arct", finish_reason="length"))
    assert isinstance(await failure_of(model.url), EmptyAnswer)


async def test_a_packed_answer_is_not_unpacked() -> None:
    """H16: a megabyte of zeros in a kilobyte; it was not asked for."""
    packed = gzip.compress(bytes(64 * 1024 * 1024))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(head + packed)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        failure = await failure_of(f"http://127.0.0.1:{server.getsockname()[1]}/v1")
        thread.join(5)
    assert (failure.reason, failure.is_final) == ("provider_error", False)


@pytest.mark.parametrize("text", [None, "", "  "])
async def test_a_refusal_to_look_is_an_empty_answer(model: ModelServer, text: str | None) -> None:
    """H16: `finish_reason` length or content_filter without a word; it was paid, and B5 has it tried again."""
    model.will(Say(text, finish_reason="length"))
    failure = await failure_of(model.url)
    assert isinstance(failure, EmptyAnswer)
    assert failure.answer.output_tokens == 1000


@pytest.mark.parametrize(("status", "is_final"), [(429, False), (503, False), (500, False), (401, True), (403, True)])
async def test_the_wish_to_be_left_alone_is_heard(model: ModelServer, status: int, is_final: bool) -> None:
    """H16: `Retry-After` of an answer that may be better later."""
    model.will(Fail(status, headers={"Retry-After": "17"}))
    failure = await failure_of(model.url)
    assert (failure.is_final, failure.retry_after) == (is_final, 17.0)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0.0),
        ("17", 17.0),
        ("86400", LONGEST_SECONDS),
        ("-5", 0.0),
        ("1e3", 0.0),
        ("soon", 0.0),
        ("٣", 0.0),
        ("9" * 5000, 0.0),
        ("Fri, 20 Nov 2026 12:00:20 GMT", 20.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2099 11:00:00 GMT", LONGEST_SECONDS),
    ],
)
def test_seconds_and_dates_are_read(said: str, seconds: float) -> None:
    assert retry_after({"retry-after": said}, NOON) == seconds
    assert retry_after({}, NOON + timedelta(days=1)) == 0.0
