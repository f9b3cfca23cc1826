"""Hardening 2G 150: nobody writes lines into a log, and the search for secrets at the end of a run finds them."""

import asyncio
import json
from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from tests.answers import Ask
from tests.log_secrets import Entrusted, told_in
from tests.mesh import Mesh

SERVICES = ("gateway", "users", "animals", "dex", "social", "vision", "vision-worker", "graph")
GIVEN = Entrusted(
    codes=frozenset({b"Q7ZK2MPA"}),
    coordinates=frozenset({Decimal("48.207611")}),
    words=(("a password", b"a photo of a tawny owl"),),
)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"DETAIL:  Key (email)=(ada@example.com) already exists.", "an e-mail address"),
        (b'{"authorization": "Bearer abcdefghijklmnopqrstuvwx"}', "a token"),
        (b"GET /?token=eyJhbGciOiJFZERTQSJ9.eyJ0b2tlbl90eXBl", "a token"),
        (b"$argon2id$v=19$m=19456", "a password hash"),
        (b"-----BEGIN PRIVATE KEY-----", "a private key"),
        (b"key=sk-abcdefgh1234", "an API key"),
        (b"connect to nats://dex:secret@127.0.0.1:4222", "credentials in an address"),
        (b"b'\\x89PNG\\r\\n'", "a picture"),
        (b"data: iVBORw0KGgoAAAANSUhEUg", "a picture"),
        (b'{"code":"Q7ZK2MPA"}', "a friend code"),
        (b'{"lat":48.207611}', "a coordinate"),
        (b'{"lat":"-48.2076110"}', "a coordinate"),
        (b'{"password":"a photo of a tawny owl"}', "a password"),
    ],
)
def test_150_the_search_finds_each_kind(line: bytes, kind: str) -> None:
    assert list(told_in(line, GIVEN)) == [kind]


def test_150_the_search_finds_nothing_in_a_good_line() -> None:
    line = (
        b'{"service":"dex","method":"GET","path":"/api/v1/users/{id}/","ms":48.2,"user_id":"0b5f2d3e-1111-4222-8333-1"}'
    )
    assert list(told_in(line, GIVEN)) == []


async def test_150_line_breaks_and_escapes_from_outside_stay_inside_a_string(mesh: Mesh, ask: Ask) -> None:
    """In the address, in headers and in names: every line of every log is one JSON object without control letters."""
    before = {service: len(mesh.log(service)) for service in SERVICES}
    forged = '{"service":"gateway","event":"forged"}'
    for name in (f"eve\r\n{forged}", "eve\x1b[2J", "eve\u2028x"):
        body = {"username": name, "email": "e@example.com", "password": "x" * 9, "password_confirm": "x" * 9}
        assert (await ask(None, "POST", "/users/", json=body)).status_code == 400
        answer = await ask(None, "POST", "/auth/login/", json={"username": name, "password": "wrong wrong"})
        assert answer.status_code in (400, 401)
    address = urlsplit(mesh.url)
    for path in (f"/api/v1/%0d%0a{forged.replace(' ', '')}", "/api/v1/%1b%5b31m", "/api/v1/\x1b[31m"):
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        head = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nUser-Agent: a\x1b[31mb\r\nConnection: close\r\n\r\n"
        writer.write(head.encode("latin-1"))
        answered = await asyncio.wait_for(reader.read(), 10)
        assert answered[9:10] in (b"", b"4"), answered[:80]
        writer.close()
    for service in SERVICES:
        for line in mesh.log(service)[before[service] :].split("\n")[:-1]:
            assert isinstance(json.loads(line), dict), line[:200]
            assert line.isprintable(), line[:200]
            assert json.loads(line).get("event") != "forged"
