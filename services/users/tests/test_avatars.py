"""A player's picture: made and kept by the vision service, known to everybody by its address (contract U8, B4)."""

import asyncio
import io

import orjson
import pytest
from PIL import Image
from sqlalchemy import select

from deploy.local.ports import free_ports
from libs.common.outbox import outbox

ME = "/api/v1/users/me/"
NO_FILE = "The submitted data was not a file. Check the encoding type on the form."
INVALID = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
GIF = "Unsupported image format: image/gif. Allowed formats: JPEG, PNG, WebP, HEIC."


def portrait(kind="JPEG", size=(900, 600), **options):
    written = io.BytesIO()
    Image.new("RGB", size, (40, 90, 200)).save(written, kind, **options)
    return written.getvalue()


def sent(data, name="../../me.jpg"):
    return {"avatar": (name, data, "image/jpeg")}


async def account_of(client, player):
    return (await client.get(ME, headers=player.headers)).json()


@pytest.mark.usefixtures("vision")
async def test_an_avatar_is_made_kept_and_told(client, join, blobs, db):
    ada = await join("Ada")
    luggage = Image.Exif()
    luggage[0x010E] = "in the woods"
    luggage[0x0112] = 6
    files, data = sent(portrait(exif=luggage)), {"bio": "With a face"}
    answer = await client.patch(ME, headers=ada.headers, files=files, data=data)
    assert answer.status_code == 200, answer.text
    address = answer.json()["avatar"]
    assert address.startswith("http://testserver/media/")
    assert "Ada" not in address
    assert str(ada.id) not in address
    kept = await blobs.get(address.removeprefix("http://testserver/"))
    image = Image.open(io.BytesIO(kept))
    assert (image.format, image.size) == ("PNG", (341, 512))
    assert b"woods" not in kept
    account = await account_of(client, ada)
    assert (account["avatar"], account["bio"]) == (address, "With a face")
    async with db.reading() as session:
        last = select(outbox.c.subject, outbox.c.version, outbox.c.payload).order_by(outbox.c.id.desc()).limit(1)
        told = (await session.execute(last)).one()
    assert (told.subject, told.version, orjson.loads(told.payload)["avatar"]) == ("user.updated", 2, address)
    again = await client.put(ME, headers=ada.headers, files=sent(portrait()))
    assert again.json()["avatar"] != address
    assert again.json()["bio"] == "With a face"


@pytest.mark.usefixtures("vision")
@pytest.mark.parametrize("nothing", [{"json": {"avatar": None}}, {"json": {"avatar": ""}}, {"data": {"avatar": ""}}])
async def test_an_avatar_is_taken_away(client, join, nothing):
    ada = await join("Ada")
    assert (await client.patch(ME, headers=ada.headers, files=sent(portrait("PNG")))).json()["avatar"]
    kept = await client.patch(ME, headers=ada.headers, json={"bio": "Still with a face"})
    assert kept.json()["avatar"]
    assert (await client.patch(ME, headers=ada.headers, **nothing)).json()["avatar"] is None
    assert (await account_of(client, ada))["avatar"] is None


@pytest.mark.parametrize("value", ["https://example.com/a.png", "x", 7, True, {"url": "x"}, ["x"]])
async def test_an_avatar_is_a_file(client, join, value):
    ada = await join("Ada")
    answer = await client.patch(ME, headers=ada.headers, json={"avatar": value, "bio": "Changed"})
    assert (answer.status_code, answer.json()) == (400, {"avatar": [NO_FILE], "detail": NO_FILE})
    assert await account_of(client, ada) == ada.account


@pytest.mark.usefixtures("vision")
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The submitted file is empty."),
        (b"no picture", INVALID),
        (portrait()[:300], INVALID),
        (portrait("GIF"), GIF),
        (b"\xff\xd8\xff" + b"0" * 10_485_760, "Image file too large. Maximum size is 10.0MB."),
    ],
)
async def test_what_is_no_avatar_is_said_by_its_field(client, join, published, data, message):
    ada = await join("Ada")
    answer = await client.patch(ME, headers=ada.headers, files=sent(data), data={"bio": "Changed"})
    assert (answer.status_code, answer.json()) == (400, {"avatar": [message], "detail": message})
    assert await account_of(client, ada) == ada.account
    assert await published() == [("user.registered", 1)]


@pytest.mark.usefixtures("vision")
async def test_staff_gives_a_player_another_face(client, join):
    bob, ada, eve = await join("Bob"), await join("Ada", is_staff=True), await join("Eve")
    path = f"/api/v1/users/{bob.id}/"
    assert (await client.patch(path, headers=eve.headers, files=sent(portrait()))).status_code == 404
    given = await client.patch(path, headers=ada.headers, files=sent(portrait()))
    assert given.status_code == 200
    assert (await account_of(client, bob))["avatar"] == given.json()["avatar"]
    assert (await account_of(client, ada))["avatar"] is None


async def test_without_vision_nothing_of_the_edit_is_kept(client, join, vision_at):
    ada = await join("Ada")
    vision_at("http://127.0.0.1:1")
    answer = await client.patch(ME, headers=ada.headers, files=sent(portrait()), data={"bio": "Changed"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert await account_of(client, ada) == ada.account
    assert (await client.patch(ME, headers=ada.headers, json={"bio": "Changed"})).status_code == 200


async def test_a_picture_that_takes_long_holds_no_connection(client, join, vision_at, db):
    """Signing in must go on while pictures wait."""
    ada, held = await join("Ada"), []

    async def note_and_hang_up(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        held.append(db.engine.pool.checkedout())
        writer.close()

    [port] = free_ports(1)
    async with await asyncio.start_server(note_and_hang_up, "127.0.0.1", port):
        vision_at(f"http://127.0.0.1:{port}")
        answer = await client.patch(ME, headers=ada.headers, files=sent(portrait()))
    assert (answer.status_code, held) == (503, [0])
