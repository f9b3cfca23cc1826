"""What may not be among entries is found: twins, orphans, what is left of players, what clients were told otherwise."""

from uuid import UUID, uuid4

import pytest

from libs.common.db import Database
from libs.common.tests.auditing import GONE, asked, files_of, history, told
from services.dex.audit import audit
from services.dex.tests.story import ENTRIES, Story, picture

TWIN = """
INSERT INTO dex_entries SELECT (jsonb_populate_record(entry, '{"id": "00000000-0000-0000-0000-000000000001"}')).*
FROM dex_entries AS entry WHERE id = :entry
"""
SAME_MOMENT = (
    "ALTER TABLE dex_entries DROP CONSTRAINT uq_dex_entries_owner_id_animal_id_catch_date",
    "UPDATE dex_entries SET source_vision_job = NULL",
    TWIN,
)
SAME_JOB = ("DROP INDEX uq_dex_entries_replay", TWIN.replace('"}', '", "catch_date": "2026-01-01T00:00:00Z"}'))
TWINS = "twice/00000000-0000-0000-0000-000000000001, {entry}"


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ((), []),
        (SAME_MOMENT, [("I3", TWINS)]),
        (SAME_JOB, [("I3", TWINS)]),
        (("UPDATE ref_animals SET deleted_at = now() WHERE id = :animal",), [("I3", "animal/{entry}")]),
        (("UPDATE ref_jobs SET user_id = :other",), [("I3", "job/{entry}")]),
        ((GONE,), [("U4", "dex_entries/{entry}"), ("U4", "ref_jobs/{job}")]),
    ],
)
async def test_each_damage_is_found(
    story: Story, db: Database, damage: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    job = await story.job(ada)
    entry = UUID((await story.catch(ada, fox, source_vision_job=job))["id"])
    found = await asked(db, audit, *damage, entry=entry, animal=fox, other=uuid4(), gone=ada.id)
    assert found == [(invariant, key.format(entry=entry, job=job)) for invariant, key in expected]


async def test_entries_are_as_their_owners_were_told(story: Story, db: Database) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    entry = await story.catch(ada, fox, notes="by the river")
    names = ("animal", "source_vision_job", "visibility", "notes", "catch_date")
    came = told("user.registered", ada.id, ada.id)
    created = told("entry.created", entry["id"], ada.id, **{name: entry[name] for name in names}, is_favorite=False)
    assert await asked(db, audit, surroundings=history(came, created)) == []

    key = f"entry/{entry['id']}"
    for name, other in [("animal", str(uuid4())), ("notes", ""), ("visibility", "private"), ("is_favorite", True)]:
        edited = told("entry.updated", entry["id"], ada.id, at=2, **{name: other})
        assert await asked(db, audit, surroundings=history(came, created, edited)) == [("I9", key)]
    moved = told("entry.updated", entry["id"], ada.id, at=2, catch_date="2026-01-01T00:00:00Z")
    assert await asked(db, audit, surroundings=history(created, moved)) == [("I9", key)]
    # Of what a history never speaks it does not say that there is none.
    assert await asked(db, audit, surroundings=history(came)) == []
    assert await asked(db, audit, surroundings=history(came, told("entry.updated?", uuid4()))) == [("I9", key)]
    wished = told("entry.created?", "a wish", ada.id, animal=str(fox), notes="by the river")
    assert await asked(db, audit, surroundings=history(came, wished)) == []

    await story.client.delete(f"{ENTRIES}{entry['id']}/", headers=ada.headers)
    assert await asked(db, audit, surroundings=history(came, created)) == [("I9", key)]
    deleted = told("entry.deleted", entry["id"], ada.id, at=3)
    assert await asked(db, audit, surroundings=history(came, created, deleted)) == []


async def test_an_entry_that_went_with_its_animal_is_not_missed(story: Story, db: Database) -> None:
    ada, fox = await story.player("ada"), await story.animal("Vulpes vulpes")
    created = told("entry.created", uuid4(), ada.id, animal=str(fox))
    gone = "UPDATE ref_animals SET deleted_at = now() WHERE id = :animal"
    assert len(await asked(db, audit, surroundings=history(created))) == 1
    assert await asked(db, audit, gone, animal=fox, surroundings=history(created)) == []


async def test_an_entry_names_its_picture(story: Story, db: Database) -> None:
    ada = await story.player("ada")
    entry = await story.catch(ada, await story.animal("Vulpes vulpes"))
    (named,) = await files_of(db, audit)
    shown = picture()
    assert (named.key, named.sha256) == (shown.url.removeprefix("http://testserver/"), shown.sha256)
    assert entry["id"] in named.by
