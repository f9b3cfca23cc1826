"""What players do in many tests: name an animal, catch one, have a picture looked at, make friends."""

import itertools
from typing import Any
from uuid import uuid4

from deploy.local.player import Player
from tests.answers import Ask, Json, body_of
from tests.contract.pictures import as_file, plain

_shades = itertools.count(1)
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def new_picture() -> bytes:
    """A small picture that was not there before in this run."""
    shade = next(_shades)
    return plain((shade % 256, shade // 256 % 256, 77))


def unheard_name() -> str:
    """The scientific name of an animal that nobody has found yet."""
    return f"Testudo {uuid4().hex.translate(_LETTERS)}"


async def animal_named(ask: Ask, player: Player, scientific_name: str, **names: str) -> Json:
    """The animal of this name, found or created as the manual entry does it (contract A9)."""
    answer = await ask(player, "POST", "/animals/lookup_or_create/", json={"scientific_name": scientific_name, **names})
    found: Json = body_of(answer, 201 if answer.status_code == 201 else 200)["animal"]
    return found


async def new_animal(ask: Ask, player: Player, **names: str) -> Json:
    return await animal_named(ask, player, unheard_name(), **names)


async def catch(ask: Ask, player: Player, animal: Json, **fields: Any) -> Json:
    """An entry with a picture of its own."""
    data = {"animal": animal["id"], **fields}
    answer = await ask(player, "POST", "/dex/entries/", data=data, files={"original_image": _file()})
    return body_of(answer, 201)


def _file() -> tuple[str, bytes, str]:
    return as_file(new_picture())["image"]


async def looked_at(ask: Ask, player: Player, picture: bytes | None = None, **options: str) -> Json:
    """The ended job of a small picture, in which nothing is found unless the picture shows it."""
    answer = await ask(player, "POST", "/vision/jobs/", files=as_file(picture or new_picture()), data=options)
    return await player.finished(body_of(answer, 201)["id"])


async def requested(ask: Ask, sender: Player, recipient: Player) -> Json:
    """The pending friendship."""
    return body_of(await ask(sender, "POST", "/social/friendships/send_request/", json={"user_id": recipient.id}), 201)


async def respond(ask: Ask, player: Player, friendship: Json, action: str) -> Json:
    path = f"/social/friendships/{friendship['id']}/respond/"
    return body_of(await ask(player, "POST", path, json={"action": action}))


async def befriended(ask: Ask, one: Player, other: Player) -> Json:
    return await respond(ask, other, await requested(ask, one, other), "accept")
