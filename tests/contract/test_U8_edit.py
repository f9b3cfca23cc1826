"""U8: profiles are edited by their owners and by staff."""

from typing import Any

import httpx
import pytest
from PIL import Image

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of, refused
from tests.contract.pictures import corners, decoded, encoded
from tests.mesh import Mesh, NewPlayer
from tests.shapes import fits, nullable, url

EDITED = {"bio": str, "avatar": nullable(url), "preferred_card_style": dict}
NO_FILE = "The submitted data was not a file. Check the encoding type on the form."
NO_PICTURE = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."


async def me(ask: Ask, player: Player) -> Json:
    return body_of(await ask(player, "GET", "/users/me/"))


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_what_is_sent_is_changed_and_the_rest_stays(ask: Ask, new_player: NewPlayer, method: str) -> None:
    eve = await new_player("eve")
    style = {"theme": "dark", "corners": [1, 2.5, None]}
    first = body_of(await ask(eve, method, "/users/me/", json={"bio": "Likes owls.", "preferred_card_style": style}))
    fits(first, EDITED)
    assert (first["bio"], first["preferred_card_style"]) == ("Likes owls.", style)
    second = body_of(await ask(eve, method, "/users/me/", json={"location_precision": "hidden"}))
    assert (second["bio"], second["preferred_card_style"]) == ("Likes owls.", style)
    account = await me(ask, eve)
    assert account["profile"]["location_precision"] == "hidden"
    assert body_of(await ask(eve, method, "/users/me/", json={"bio": ""}))["bio"] == ""
    assert (await me(ask, eve))["updated_at"] > account["updated_at"]


async def test_what_is_not_for_editing_is_ignored(ask: Ask, new_player: NewPlayer) -> None:
    eve = await new_player("eve")
    before = await me(ask, eve)
    sent = {
        "username": "mallory", "email": "m@example.com", "friend_code": "AAAAAAAA", "badges": ["best"],
        "is_staff": True, "is_superuser": True, "total_catches": 99, "id": before["id"][::-1],
    }  # fmt: skip
    body_of(await ask(eve, "PATCH", "/users/me/", json=sent))
    after = await me(ask, eve)
    assert after | {"updated_at": ""} == before | {"updated_at": ""}
    assert (await ask(eve, "GET", "/users/")).status_code == 403


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"bio": "a" * 501}, "bio", "Ensure this field has no more than 500 characters."),
        ({"location_precision": "zzz"}, "location_precision", '"zzz" is not a valid choice.'),
        ({"avatar": "https://example.com/a.png"}, "avatar", NO_FILE),
        ({"avatar": 7}, "avatar", NO_FILE),
    ],
)
async def test_what_does_not_fit(ask: Ask, ada: Player, sent: Json, field: str, message: str) -> None:
    refused(await ask(ada, "PATCH", "/users/me/", json=sent), 400, {field: [message]})


async def test_a_style_has_a_limit(ask: Ask, ada: Player) -> None:
    answer = await ask(ada, "PATCH", "/users/me/", json={"preferred_card_style": {"a": "b" * 66_000}})
    assert list(body_of(answer, 400)) == ["preferred_card_style", "detail"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_an_avatar(ask: Ask, web: httpx.AsyncClient, mesh: Mesh, new_player: NewPlayer, kind: str) -> None:
    """Checked, turned upright, and without anything but the picture (contract B4)."""
    eve = await new_player("eve")
    luggage = Image.Exif()
    luggage[0x010E] = "somewhere in the woods"
    luggage[0x0112] = 6
    picture = encoded(corners().rotate(90, expand=True), kind, exif=luggage)
    files = {"avatar": ("../../me.png", picture, "image/jpeg")}
    body = body_of(await ask(eve, "PATCH", "/users/me/", files=files, data={"bio": "With a face."}))
    assert body["bio"] == "With a face."
    assert body["avatar"].startswith(f"{mesh.url}/media/")
    assert body["avatar"] == (await me(ask, eve))["avatar"]
    served = await web.get(body["avatar"])
    assert served.headers["content-type"] == "image/png"
    image = decoded(served.content)
    assert image.size == (80, 60)
    assert not image.getexif()
    assert b"woods" not in served.content
    again = body_of(await ask(eve, "PATCH", "/users/me/", files={"avatar": ("a.png", encoded(corners(), "PNG"))}))
    assert again["avatar"].startswith(f"{mesh.url}/media/")


@pytest.mark.parametrize("content", [b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
async def test_an_avatar_that_is_none(ask: Ask, ada: Player, content: bytes) -> None:
    answer = await ask(ada, "PATCH", "/users/me/", files={"avatar": ("me.png", content, "image/png")})
    refused(answer, 400, {"avatar": [NO_PICTURE]})
    assert (await me(ask, ada))["avatar"] is None


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_only_oneself_and_staff(ask: Ask, staff: Player, ada: Player, new_player: NewPlayer, method: str) -> None:
    eve = await new_player("eve")
    sent: dict[str, Any] = {"bio": "Edited.", "badges": ["tester", {"level": 2}]}
    path = f"/users/{eve.id}/"
    refused(await ask(ada, method, path, json=sent), 404, {"detail": "No User matches the given query."})
    assert (await ask(None, method, path, json=sent)).status_code == 401
    assert body_of(await ask(staff, method, path, json=sent))["bio"] == "Edited."
    assert (await me(ask, eve))["badges"] == ["tester", {"level": 2}]


async def test_badges_are_a_list(ask: Ask, staff: Player, ada: Player) -> None:
    answer = await ask(staff, "PATCH", f"/users/{ada.id}/", json={"badges": "best"})
    assert list(body_of(answer, 400)) == ["badges", "detail"]
