"""Every screen of the shipping client (contract C1), walked by its double: what it sends, and what it can read."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image

from deploy.commands.walk import PHOTOS
from tests.e2e.godot import Failed
from tests.e2e.godot_models import Animal
from tests.e2e.godot_screens import Game
from tests.mesh import Mesh, until

PASSWORD = "a photo of a tawny owl"
NewGame = Callable[..., Awaitable[Game]]


@pytest.fixture
async def new_game(mesh: Mesh) -> NewGame:
    """`await new_game("ada")`: an account made on the account screen of a new device."""

    async def make(name: str) -> Game:
        game = Game(mesh.url)
        name = f"{name}-{uuid4().hex[:8]}"
        assert await game.create_account(name, f"{name}@example.com", PASSWORD) == ""
        return game

    return make


async def befriend(one: Game, other: Game) -> None:
    """Over both social screens."""
    code = (await other.social()).code
    await one.add_friend(code.lower())
    (request,) = (await other.social()).requests
    assert request.name == one.username
    assert len(request.day) == 10
    await other.respond(request, "accept")


@contextmanager
def shown(text: str) -> Iterator[None]:
    """The screen shows this."""
    with pytest.raises(Failed) as failed:
        yield
    assert str(failed.value) == text


def photo(name: str) -> bytes:
    """As it lies on the device; the game calls it a JPEG."""
    return (PHOTOS / name).read_bytes()


async def test_start_and_login(mesh: Mesh, new_game: NewGame) -> None:
    ada = await new_game("ada")
    first = ada.access
    for _ in range(3):  # The app is started again and again with the token of its login.
        assert await ada.start()
        assert ada.access != first
        await ada.friends()
    other = Game(mesh.url)
    assert not await other.start()
    await other.login(ada.username.upper(), PASSWORD)
    assert (other.id, other.username) == (ada.id, ada.username)
    with shown("No active account found with the given credentials"):
        await other.login(ada.username, "a photo of a barn owl")
    other.refresh_token = "broken"
    assert not await other.start()


async def test_the_account_screen_shows_what_is_wrong(mesh: Mesh, new_game: NewGame) -> None:
    ada = await new_game("ada")
    game = Game(mesh.url)
    fresh = f"{uuid4().hex}@example.com"
    shown = [
        await game.create_account(ada.username, fresh, PASSWORD),
        await game.create_account("someone new", fresh, PASSWORD),
        await game.create_account(uuid4().hex, f"{ada.username}@example.com", PASSWORD),
        await game.create_account(uuid4().hex, fresh, "12345678"),
        await game.create_account(uuid4().hex, fresh, PASSWORD, "another"),
    ]
    assert shown == [
        "A user with that username already exists.",
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.",
        "User with this email address already exists.",
        "This password is too common.",
        "Password fields didn't match.",
    ]


async def test_camera_result_card_and_entry(new_game: NewGame) -> None:
    ada = await new_game("ada")
    job = await ada.camera(photo("koala.webp"))
    assert isinstance(job.card, Animal)
    assert job.card.scientific_name == "Phascolarctos cinereus"
    assert job.card.creation_index == job.detections[0].creation_index > 0
    entry = await ada.create_entry(job)
    assert await ada.create_entry(job) == entry  # Sent again after a lost answer.
    records = await ada.dex()
    item = records[job.card.creation_index]
    assert (item.id, item.owner, item.animal_id) == (entry, ada.username, job.card.id)
    assert hashlib.sha256(await ada.picture(item.picture)).hexdigest() == item.checksum
    assert await ada.picture(job.picture) == await ada.picture(item.picture)


async def test_a_turned_photo_is_turned_once(new_game: NewGame) -> None:
    ada = await new_game("ada")
    with Image.open(PHOTOS / "koala.webp") as image:
        width, height = image.size
    job = await ada.camera(photo("koala.webp"), rotation=90)
    assert job.status == "completed"
    assert Image.open(BytesIO(await ada.picture(job.picture))).size == (height, width)


async def test_what_is_not_recognized_is_entered_by_hand(new_game: NewGame) -> None:
    ada = await new_game("ada")
    job = await ada.camera(photo("narwhal.webp"))
    assert (job.status, job.card) == ("completed", None)
    results = await ada.search(common_name="narwhal")
    (narwhal,) = [each for each in results if each.fields["scientific_name"] == "Monodon monoceros"]
    assert "narwhal" in narwhal.shown.lower()
    animal = await ada.choose(narwhal)
    entry = await ada.create_entry(job, animal.id)
    assert {item.id: item.scientific_name for item in (await ada.dex()).values()} == {entry: "Monodon monoceros"}
    assert await ada.search(genus="Zzzzzz") == []


async def test_an_entry_is_corrected(new_game: NewGame) -> None:
    ada = await new_game("ada")
    entry = await ada.create_entry(await ada.camera(photo("jaguar.webp")))
    before = await ada.dex()
    assert [item.scientific_name for item in before.values()] == ["Panthera onca"]
    (leopard, *_) = [
        each
        for each in await ada.search(genus="panthera", species="pardus")
        if each.fields["scientific_name"] == "Panthera pardus"
    ]
    await ada.edit_entry(entry, await ada.choose(leopard))
    after = ada.dexes["self"].records
    assert [(item.id, item.scientific_name) for item in after.values()] == [(entry, "Panthera pardus")]


async def test_a_sync_without_changes_brings_nothing(new_game: NewGame) -> None:
    ada = await new_game("ada")
    await ada.create_entry(await ada.camera(photo("lemur.webp")))
    first = dict(await ada.dex())
    ada.sent.clear()
    pictures = len(ada.pictures)
    assert await ada.dex() == first
    assert len(ada.pictures) == pictures
    assert any("?last_sync=20" in path and "%3A" in path and "%2B" in path for _, path in ada.sent)


async def test_social_feed_dex_and_tree_of_friends(new_game: NewGame) -> None:
    ada, ben = await new_game("ada"), await new_game("ben")
    assert (await ada.social()).friends == []
    assert await ada.feed() == []
    await befriend(ada, ben)
    (friend,) = await ada.friends()
    assert (friend.id, friend.name, friend.catches) == (ben.id, ben.username, 0)
    job = await ben.camera(photo("panda.webp"))
    await ben.create_entry(job)
    assert job.card is not None

    async def ada_sees_it() -> bool:
        return [item.scientific_name for item in await ada.feed()] == ["Ailuropoda melanoleuca"]

    await until(ada_sees_it, 10)
    (shared,) = (await ada.dex(ben.id)).values()
    assert shared.owner == ben.username
    assert [(each.id, each.catches) for each in await ada.overview()] == [(ben.id, 1)]

    async def ada_sees_it_in_the_tree() -> bool:
        drawn = await ada.tree("friends")
        return drawn.friends.get(job.detections[0].animal_id) == [ben.username]

    await until(ada_sees_it_in_the_tree, 10)
    drawn = await ada.tree("friends")
    assert "Ailuropoda" in drawn.labels.values()
    assert drawn.lines == len(drawn.labels) - 1
    assert job.detections[0].animal_id in (await ben.tree("personal")).mine

    await ada.unfriend(friend)
    assert (await ada.social()).friends == []
    assert (await ada.overview(), await ada.feed()) == ([], [])
    assert not any((await ada.tree("friends")).friends.values())
    with shown("No Friendship matches the given query."):
        await ada.unfriend(friend)


async def test_the_social_screen_shows_why_not(new_game: NewGame) -> None:
    ada, ben = await new_game("ada"), await new_game("ben")
    code = (await ben.social()).code
    with shown("Cannot send friend request to yourself"):
        await ada.add_friend((await ada.social()).code)
    with shown("No user found with this friend code"):
        await ada.add_friend("zzzzzzzz")
    await ada.add_friend(code)
    with shown("Friend request already pending"):
        await ada.add_friend(code)
    (request,) = (await ben.social()).requests
    await ben.respond(request, "reject")
    assert (await ben.social()).requests == []
    await ada.add_friend(code)
    (request,) = (await ben.social()).requests
    await ben.respond(request, "block")
    with shown("Cannot send friend request"):
        await ada.add_friend(code)


@pytest.mark.parametrize("mode", ["personal", "friends"])
async def test_an_empty_tree_is_drawn(new_game: NewGame, mode: str) -> None:
    drawn = await (await new_game("ada")).tree(mode)
    assert (drawn.labels, drawn.lines) == ({}, 0)
    assert drawn.text == f"{mode}: 0 animals, 0 nodes, 0 mine, 0 of friends, 1.0 players"


async def test_the_tree_of_everything_is_for_staff(new_game: NewGame) -> None:
    with shown("Admin privileges required for global view"):
        await (await new_game("ada")).tree("global")


async def test_a_conversion_that_is_no_picture(new_game: NewGame) -> None:
    """Field arrays are not shown here, but `detail` is."""
    with shown("Upload a valid image. The file you uploaded was either not an image or a corrupted image."):
        await (await new_game("ada")).camera(b"this is no picture")


async def test_the_three_slots_are_always_free_again(new_game: NewGame) -> None:
    """Errors of every kind, many at once: no answer blocks the game's request slots."""
    ada = await new_game("ada")
    nobody = "00000000-0000-4000-8000-000000000000"
    paths = [
        *("/nowhere/", f"/dex/entries/user/{nobody}/entries/", f"/vision/jobs/{nobody}/", "/animals/zz/"),
        *("/dex/entries/sync_entries/?last_sync=yesterday", "/graph/tree/?mode=zzz", "/taxonomy/search/"),
        *(f"/images/convert/{nobody}/download/", f"/social/friendships/{nobody}/unfriend/", "/users/"),
    ]
    found = await asyncio.gather(*(ada.get(path) for path in paths), return_exceptions=True)
    assert {type(each) for each in found} == {Failed}
    assert "Unknown error" not in {str(each) for each in found}
    assert await asyncio.wait_for(ada.friends(), 10) == []
