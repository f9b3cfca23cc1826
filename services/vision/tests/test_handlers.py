"""What vision does about events of others: late, twice and out of order (contract E, U4, V10, B4)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, update

from libs.common.blobs import Blobs
from libs.common.db import Database
from libs.common.testing import SignIn
from libs.common.values import now
from libs.contracts.animals import AnimalDeleted
from libs.contracts.dex import DexCreated, DexDeleted, DexUpdated
from libs.contracts.event import Event, Picture
from libs.contracts.social import FriendshipDeleted, FriendshipUpdated
from libs.contracts.users import UserDeleted, UserRegistered, UserUpdated
from libs.contracts.vision import ImageUploaded
from services.vision import cleaning, handlers
from services.vision.darkroom import Darkroom
from services.vision.models import AnalysisJob, DiscardedFile, ImageConversion, RefAnimal, RefDexEntry
from services.vision.models import Picture as StoredPicture
from services.vision.settings import VisionSettings
from services.vision.tests.conftest import MakeJob, events, job_of
from services.vision.tests.samples import jpeg
from services.vision.tests.test_images import convert_one, expire

HANDLER_OF = {event: handler.one for handler in handlers.handlers.all for event in handler.events}


async def hear(db: Database, *told: Event) -> None:
    """Each event in its own transaction, by the handler that is declared for it."""
    for event in told:
        handle = HANDLER_OF[type(event)]
        assert handle is not None
        async with db.transaction() as session:
            await handle(event, session)


async def number_of(db: Database, model: Any) -> int:
    async with db.reading() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


def entry(kind: type[DexCreated | DexUpdated] = DexCreated, version: int = 1, **values: Any) -> DexCreated | DexUpdated:
    picture = Picture(url="http://testserver/media/aa/x.png", sha256="0" * 64, width=1, height=1, created_at=now())
    return kind.model_validate(
        {
            "id": uuid4(),
            "version": version,
            "owner_id": uuid4(),
            "animal_id": uuid4(),
            "visibility": "friends",
            "picture": picture,
            "catch_date": now(),
            "created_at": now(),
            "updated_at": now(),
            "source_vision_job": None,
            **values,
        }
    )


async def test_an_older_event_changes_nothing(db: Database) -> None:
    one = uuid4()
    await hear(db, entry(DexUpdated, 3, id=one, visibility="private"), entry(DexCreated, 1, id=one))
    async with db.reading() as session:
        assert (await session.get_one(RefDexEntry, one)).visibility == "private"
    await hear(db, DexDeleted(id=one, version=4, owner_id=uuid4()), entry(DexUpdated, 3, id=one))
    async with db.reading() as session:
        assert (await session.get_one(RefDexEntry, one)).deleted_at is not None


async def test_a_deleted_animal_is_nobodys_identification(db: Database, make_job: MakeJob) -> None:
    animal_id = uuid4()
    job_id = await make_job(jpeg(), status="completed", run_at=None, identified_animal=animal_id)
    await hear(db, AnimalDeleted(id=animal_id, version=2))
    assert (await job_of(db, job_id)).identified_animal is None
    async with db.reading() as session:
        assert (await session.get_one(RefAnimal, animal_id)).deleted_at is not None


async def test_a_new_upload_wakes_the_worker(db: Database) -> None:
    [handler] = handlers.worker_handlers.all
    assert handler.durable == "vision-worker-wake-the-worker"
    assert handler.events == (ImageUploaded,)
    assert handler.one is not None
    handlers.job_waiting.clear()
    async with db.transaction() as session:
        await handler.one(ImageUploaded.model_construct(id=uuid4(), version=1), session)
    assert handlers.job_waiting.is_set()


async def test_a_deleted_player_leaves_nothing(
    client: httpx.AsyncClient, sign_in: SignIn, db: Database, blobs: Blobs, make_job: MakeJob
) -> None:
    gone, staying = uuid4(), uuid4()
    for player in (gone, staying):
        conversion = await convert_one(client, sign_in(player))
        body = {"conversion_id": conversion["id"]}
        assert (await client.post("/api/v1/vision/jobs/", headers=sign_in(player), json=body)).status_code == 201
        await make_job(jpeg(), user_id=player)
    async with db.reading() as session:
        jobs = (await session.scalars(select(AnalysisJob).where(AnalysisJob.user_id == gone))).all()
        picture = await session.scalar(select(StoredPicture).where(StoredPicture.user_id == gone))
    assert picture is not None
    deleted = UserDeleted(id=gone, version=9)
    await hear(db, deleted, deleted)
    assert (await number_of(db, AnalysisJob), await number_of(db, ImageConversion)) == (2, 1)
    assert await number_of(db, StoredPicture) == 1
    await cleaning.clean(db)
    await cleaning.remove_all_discarded_files(db, blobs)
    assert len(picture.files) == 3
    for key in (*picture.files, *(job.original_key for job in jobs)):
        with pytest.raises(FileNotFoundError):
            await blobs.get(key)
    async with db.reading() as session:
        kept = await session.scalar(select(StoredPicture).where(StoredPicture.user_id == staying))
    assert kept is not None
    assert await blobs.get(kept.key)
    assert await number_of(db, DiscardedFile) == 0


def account(kind: type[UserRegistered | UserUpdated], version: int, user_id: UUID, avatar: str | None) -> Event:
    return kind(
        id=user_id,
        version=version,
        username="ada",
        friend_code="AAAAAAAA",
        avatar=avatar,
        is_staff=False,
        is_superuser=False,
        is_active=True,
        created_at=now(),
    )


async def test_a_former_avatar_goes_in_whatever_order_it_is_heard_of(
    client: httpx.AsyncClient, sign_in: SignIn, db: Database, blobs: Blobs
) -> None:
    ada, eve = uuid4(), uuid4()

    async def face_of(player: UUID) -> str:
        answer = await client.post(
            f"/internal/avatars/{player}/", headers=sign_in(player), files={"image": ("image", jpeg())}
        )
        return str(answer.json()["url"])

    async def kept_of(player: UUID) -> set[str]:
        await cleaning.remove_all_discarded_files(db, blobs)
        async with db.reading() as session:
            rows = (await session.scalars(select(StoredPicture).where(StoredPicture.user_id == player))).all()
        for row in rows:
            for key in row.files:
                assert await blobs.get(key)
        return {blobs.url(row.key) for row in rows}

    first, second, third, foreign = [await face_of(player) for player in (ada, ada, ada, eve)]
    await hear(db, account(UserRegistered, 1, ada, None), account(UserUpdated, 2, ada, first))
    assert await kept_of(ada) == {first, second, third}, "one may be on its way into the account"
    await hear(db, account(UserUpdated, 3, ada, first), account(UserUpdated, 5, ada, third))
    assert await kept_of(ada) == {second, third}
    late = account(UserUpdated, 4, ada, second)
    await hear(db, late, late, account(UserUpdated, 5, ada, third), account(UserUpdated, 2, ada, first))
    assert await kept_of(ada) == {third}
    await hear(db, account(UserUpdated, 6, ada, None))
    assert await kept_of(ada) == set()
    with pytest.raises(FileNotFoundError):
        await blobs.get(third.removeprefix("http://testserver/"))
    assert await kept_of(eve) == {foreign}
    await hear(db, UserDeleted(id=eve, version=2), account(UserUpdated, 1, eve, foreign))
    assert await kept_of(eve) == set()


async def test_only_avatars_go_as_avatars(
    client: httpx.AsyncClient, sign_in: SignIn, db: Database, blobs: Blobs
) -> None:
    """Not even a wrong address in an event takes the picture of an entry."""
    ada = uuid4()
    answer = await client.post("/internal/pictures/", headers=sign_in(ada), files={"image": ("image", jpeg())})
    url = answer.json()["url"]
    await hear(db, account(UserUpdated, 2, ada, url), account(UserUpdated, 3, ada, None))
    await cleaning.remove_all_discarded_files(db, blobs)
    assert await blobs.get(url.removeprefix("http://testserver/"))


async def picture_of(db: Database, conversion_id: str) -> StoredPicture:
    async with db.reading() as session:
        conversion = await session.get_one(ImageConversion, UUID(conversion_id))
        return await session.get_one(StoredPicture, conversion.picture_id)


async def test_expired_conversions_are_cleaned_unless_somebody_uses_them(
    client: httpx.AsyncClient, sign_in: SignIn, db: Database, blobs: Blobs
) -> None:
    headers = sign_in(uuid4())
    fresh, unused, in_a_job, in_a_dex = [await convert_one(client, headers, width=60 + n) for n in range(4)]
    answer = await client.post("/api/v1/vision/jobs/", headers=headers, json={"conversion_id": in_a_job["id"]})
    assert answer.status_code == 201
    shown = await picture_of(db, in_a_dex["id"])
    url = blobs.url(shown.key)
    picture = Picture(url=url, sha256=shown.sha256, width=1, height=1, created_at=now())
    await hear(db, entry(picture=picture))
    await expire(db, minutes=5, but=fresh["id"])
    await cleaning.clean(db)
    await cleaning.remove_all_discarded_files(db, blobs)
    for conversion in (fresh, in_a_job, in_a_dex):
        assert await blobs.get((await picture_of(db, conversion["id"])).key)
    gone = await picture_of(db, unused["id"])
    assert gone.removed_at is not None
    for key in gone.files:
        with pytest.raises(FileNotFoundError):
            await blobs.get(key)
    path = f"/api/v1/images/convert/{unused['id']}/"
    assert (await client.get(path, headers=headers)).json() == {**unused, "expires_at": ANY_TEXT}
    async with db.transaction() as session:
        await session.execute(update(ImageConversion).values(created_at=now() - timedelta(hours=2)))
    await cleaning.clean(db)
    await cleaning.remove_all_discarded_files(db, blobs)
    assert (await client.get(path, headers=headers)).status_code == 404
    assert await number_of(db, ImageConversion) == 3


class AnyText:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    __hash__ = None  # type: ignore[assignment]


ANY_TEXT = AnyText()


async def test_an_unanswered_job_is_announced_again_and_never_paid_again(
    db: Database, darkroom: Darkroom, make_job: MakeJob
) -> None:
    names = [{"rank": "species", "scientific_name": "Lynx lynx", "common_name": "Lynx", "score": None}]
    waiting: dict[str, Any] = {"status": "processing", "run_at": None, "version": 2, "announced_version": 2}
    waiting |= {"names": names, "raw_response": {"content": "Lynx lynx"}}
    long = await make_job(jpeg(), **waiting, announced_at=now() - timedelta(minutes=11))
    await make_job(jpeg(), **waiting, announced_at=now() - timedelta(minutes=9))
    for expected in (1, 0):
        async with db.transaction() as session:
            assert await cleaning.announce_again(session, darkroom, VisionSettings()) == expected
    [event] = await events(db)
    assert (event["subject"], event["id"], event["version"]) == ("image.identified", str(long), 3)
    assert event["names"] == [{"scientific_name": "Lynx lynx", "common_name": "Lynx", "score": None, "in_form": True}]
    job = await job_of(db, long)
    assert (job.run_at, job.announced_version, job.version) == (None, 2, 3)


async def test_who_may_see_a_dex_picture(
    client: httpx.AsyncClient, sign_in: SignIn, db: Database, make_job: MakeJob
) -> None:
    owner, friend, stranger, former, blocked = (uuid4() for _ in range(5))
    conversion = await convert_one(client, sign_in(owner))
    picture = await picture_of(db, conversion["id"])
    job_id = await make_job(jpeg(), user_id=owner, status="completed", run_at=None, picture_id=picture.id)
    path = f"/api/v1/vision/jobs/{job_id}/dex-image/"

    async def who_sees() -> set[UUID]:
        answers = {
            player: await client.get(path, headers=sign_in(player))
            for player in (owner, friend, stranger, former, blocked)
        }
        return {player for player, answer in answers.items() if answer.status_code == 200}

    def tie(other: UUID, status: str) -> dict[str, Any]:
        ends = {"from_user": other, "to_user": owner, "status": status, "acting_user": other}
        return {"id": uuid4(), "version": 1, "created_at": now(), "updated_at": now(), **ends}

    ended = FriendshipUpdated.model_validate(tie(former, "accepted"))
    await hear(
        db,
        FriendshipUpdated.model_validate(tie(friend, "accepted")),
        FriendshipUpdated.model_validate(tie(blocked, "blocked")),
        ended,
        FriendshipDeleted(id=ended.id, version=2, from_user=former, to_user=owner, acting_user=former),
    )
    assert await who_sees() == {owner}
    one: dict[str, Any] = {"id": uuid4(), "owner_id": owner, "source_vision_job": job_id}
    await hear(db, entry(**one, visibility="private"))
    assert await who_sees() == {owner}
    await hear(db, entry(DexUpdated, 2, **one, visibility="friends"))
    assert await who_sees() == {owner, friend}
    await hear(db, entry(DexUpdated, 3, **one, visibility="public"))
    # Who is blocked is a stranger, and what is public is for strangers too (contract B7).
    assert await who_sees() == {owner, friend, stranger, former, blocked}
    seen = await client.get(path, headers=sign_in(friend))
    assert seen.headers["content-disposition"] == f'inline; filename="dex_{job_id}.png"'
    assert seen.headers["cache-control"] == "private, max-age=31536000"
    await hear(db, DexDeleted(id=one["id"], version=4, owner_id=owner))
    assert await who_sees() == {owner}
