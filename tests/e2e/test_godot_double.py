"""The double itself: what it writes to the wire, and that it breaks where the game breaks (contract C2–C4, C7)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.e2e.gdscript import Aborted, Record
from tests.e2e.godot import Failed, Godot, SlotBlocked
from tests.e2e.godot_models import Animal, Job
from tests.e2e.godot_wire import NoHttp

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def answer(status: int, body: str = "{}", kind: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return (head + body).encode("latin-1")


class Script:
    """A server that answers each connection with the next of its answers, and keeps what came."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.came: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
        self.came.append(head + await reader.readexactly(length))
        if reply := self.answers.pop(0) if self.answers else OK:
            writer.write(reply)
            await writer.drain()
        writer.close()


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    found = Script()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    found.url = f"http://{host}:{port}"
    yield found
    server.close()


@pytest.fixture
def game(script: Script) -> Godot:
    return Godot(script.url, hurry=0.001)


async def test_a_post_byte_for_byte(script: Script, game: Godot) -> None:
    game.access = "token"
    await game.post("/vision/jobs/", {"post_conversion_transformations": {"rotation": 90.0}, "conversion_id": "ü"})
    host = script.url.removeprefix("http://")
    body = '{"conversion_id":"ü","post_conversion_transformations":{"rotation":90.0}}'
    assert script.came[0].decode() == (
        f"POST /api/v1/vision/jobs/ HTTP/1.1\r\nHost: {host}\r\nUser-Agent: GodotEngine/4.5.stable.official (Linux)\r\n"
        "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer token\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}"
    )


async def test_an_upload_byte_for_byte(script: Script, game: Godot) -> None:
    await game.upload("/images/convert/", b"\x00picture\r\n", {"transformations": '{"rotation":90}'})
    head, _, body = script.came[0].partition(b"\r\n\r\n")
    assert b"Content-Type: multipart/form-data; boundary=GodotBiologiDexBoundary" in head
    assert body == (
        b"\r\n--GodotBiologiDexBoundary\r\n"
        b'Content-Disposition: form-data; name="image"; filename="image.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        b"\x00picture\r\n"
        b"\r\n--GodotBiologiDexBoundary\r\n"
        b'Content-Disposition: form-data; name="transformations"\r\n\r\n{"rotation":90}'
        b"\r\n--GodotBiologiDexBoundary--\r\n"
    )


async def test_public_calls_carry_no_token(script: Script, game: Godot) -> None:
    game.access = "token"
    await game.get("/animals/", public=True)
    assert b"Authorization" not in script.came[0]


@pytest.mark.parametrize("body", ["[]", "null", "7", '"text"', "<html>", '{"a": NaN}', '{"a": 9007199254740993}'])
@pytest.mark.parametrize("status", [200, 404])
async def test_three_answers_that_are_no_object_freeze_the_game(
    script: Script, game: Godot, body: str, status: int
) -> None:
    script.answers = [answer(status, body)] * 3
    for _ in range(3):
        with pytest.raises(SlotBlocked):
            await game.get("/animals/")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(game.get("/animals/"), 0.2)


async def test_json_must_be_called_json(script: Script, game: Godot) -> None:
    script.answers = [answer(200, kind="application/octet-stream")]
    with pytest.raises(SlotBlocked):
        await game.get("/animals/")


@pytest.mark.parametrize(("status", "attempts"), [(400, 1), (401, 1), (403, 1), (404, 1), (429, 4), (500, 4), (503, 4)])
async def test_which_errors_are_tried_again(script: Script, game: Godot, status: int, attempts: int) -> None:
    script.answers = [answer(status, '{"detail":"No."}')] * attempts
    with pytest.raises(Failed, match="No"):
        await game.post("/dex/entries/", {})
    assert len(script.came) == attempts
    assert len(set(script.came)) == 1


async def test_a_connection_that_breaks_is_tried_again(script: Script, game: Godot) -> None:
    script.answers = [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", OK]
    assert (await game.get("/animals/")).names() == []
    assert len(script.came) == 3


async def test_an_error_without_detail_is_unknown(script: Script, game: Godot) -> None:
    script.answers = [answer(400, '{"error":"Something useful"}')]
    with pytest.raises(Failed, match=r"^Unknown error$"):
        await game.get("/animals/")


@pytest.mark.parametrize("status", [301, 302])
async def test_redirects_that_are_followed(script: Script, game: Godot, status: int) -> None:
    script.answers = [answer(status, more=f"Location: {script.url}/api/v1/animals/\r\n"), OK]
    await game.post("/animals", {"a": 1.0})
    assert [each.split(b" HTTP")[0] for each in script.came] == [b"POST /api/v1/animals", b"POST /api/v1/animals/"]
    assert script.came[1].endswith(b'{"a":1.0}')


@pytest.mark.parametrize("status", [303, 307, 308])
async def test_redirects_that_are_errors(script: Script, game: Godot, status: int) -> None:
    script.answers = [answer(status, more=f"Location: {script.url}/api/v1/animals/\r\n")] * 4
    with pytest.raises(Failed):
        await game.post("/animals", {})


@pytest.mark.parametrize(
    "bad",
    [
        answer(200, "picture", "image/png"),
        answer(200, "\x89PNG\r\n\x1a\n", "text/html"),
        answer(302, more="Location: /media/other.png\r\n"),
        answer(404, '{"detail":"Not found."}'),
    ],
)
async def test_a_picture_is_a_png_at_its_address(script: Script, game: Godot, bad: bytes) -> None:
    script.answers = [bad]
    with pytest.raises(NoHttp):
        await game.picture(f"{script.url}/media/a.png")


@pytest.mark.parametrize("url", ["/media/a.png", "http://127.0.0.1/media/a.png?key=1", "http://127.0.0.1/media/ä.png"])
async def test_a_pictures_address_is_absolute_and_plain(game: Godot, url: str) -> None:
    with pytest.raises(NoHttp):
        await game.picture(url)


@pytest.mark.parametrize("null", ["creation_index", "genus", "verified", "description"])
async def test_a_null_where_a_typed_variable_waits(null: str) -> None:
    good = {"id": "a", "creation_index": 1.0, "scientific_name": "Bison bison", "common_name": "Bison"}
    assert Animal.read(Record(good, "animal")).creation_index == 1
    with pytest.raises(Aborted):
        Animal.read(Record(good | {null: None}, "animal"))


async def test_a_job_with_a_word_that_the_game_does_not_know() -> None:
    job = {"id": "a", "user": "b", "created_at": "c", "status": "queued", "error_message": ""}
    with pytest.raises(Aborted, match="poll for ever"):
        Job.read(Record(job, "job"))
    with pytest.raises(Aborted):
        Job.read(Record(job | {"status": "failed", "error_message": None}, "job"))
