"""Players upload pictures and wait for the names of what they show (contract I1, V2, V3); none is like another."""

import asyncio
import io
import time
from collections.abc import Coroutine
from hashlib import sha256
from typing import Any, Final

from PIL import Image

from tests.faults.chaos.crowd import Crowd
from tests.faults.chaos.people import Person

Work = Coroutine[Any, Any, None]
POLL_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 300.0
SIDE: Final = 160


def new_photo(seed: int) -> bytes:
    """A small JPEG of colored squares that nobody else has uploaded."""
    image = Image.new("RGB", (8, 8))
    image.putdata([((seed >> n) * 37 % 256, (seed * (n + 3)) % 256, (seed >> (n % 24)) % 256) for n in range(64)])
    target = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.NEAREST).save(target, "JPEG", quality=90)
    return target.getvalue()


def upload(crowd: Crowd) -> Work | None:
    """Half of them as the game does it, by conversion and then job; the others in one request."""
    able = [person for person in crowd.people if person.fate in ("stays", "leaves")]
    return identify(crowd, crowd.rng.choice(able), by_conversion=crowd.rng.random() < 0.5)


async def identify(crowd: Crowd, person: Person, *, by_conversion: bool = True) -> None:
    photo = new_photo(crowd.rng.getrandbits(48))
    checksum, fine = sha256(photo).hexdigest(), () if person.fate == "stays" else (401, 400)
    if by_conversion:
        told = await crowd.client.ask("POST", "/images/convert/", person.token, image=photo, fine=fine)
        if not told.ok:
            if not told.unknown and person.fate == "stays":
                crowd.refused("a picture", told)
            return
        crowd.history.told("conversion.created", told.body["id"], person.id, sha256=checksum)
        wish = {"conversion_id": told.body["id"]}
        told = await crowd.client.ask("POST", "/vision/jobs/", person.token, json=wish, fine=fine)
    else:
        told = await crowd.client.ask("POST", "/vision/jobs/", person.token, image=photo, fine=fine)
    if told.ok or told.unknown:
        # A job that was made without an answer, and had ended before the repeat came, is not the repeat's.
        for _ in range(told.attempts - told.ok):
            crowd.jobs += 1
            crowd.history.untold("job.created", checksum, person.id, sha256=checksum)
    if told.ok:
        crowd.jobs += 1
        job, provider = told.body["id"], told.body["cv_method"]
        crowd.history.told("job.created", job, person.id, sha256=checksum, provider=provider)
        person.all_jobs.add(job)
        crowd.unfinished[job] = (person, time.time())
        crowd.in_background(watch(crowd, person, job))
    elif not told.unknown and person.fate == "stays":
        crowd.refused("a job", told)


async def watch(crowd: Crowd, person: Person, job: str) -> None:
    """Polls as the game does, only longer; errors of single polls are nothing."""
    began = time.time()
    fine = (404, 401)  # Of those who are leaving.
    while time.time() - began < PATIENCE_SECONDS and person.fate in ("stays", "leaves"):
        told = await crowd.client.ask("GET", f"/vision/jobs/{job}/", person.token, fine=fine, repeats=0)
        if told.ok and told.body["status"] in ("completed", "failed"):
            ended(crowd, person, job, told.body)
            return
        if told.status == 404 and person.fate == "stays":
            crowd.tally.surprise("an acknowledged job does not exist")
            return
        await asyncio.sleep(POLL_SECONDS)


def ended(crowd: Crowd, person: Person, job: str, body: dict[str, Any]) -> None:
    """Takes note of the end of a job."""
    _, since = crowd.unfinished.pop(job, (person, 0.0))
    if not since:
        return
    crowd.tally.job_seconds.append(time.time() - since)
    found = [animal["animal_id"] for animal in body["detected_animals"]]
    told = {"status": body["status"], "animals": found, "error": body["error_message"]}
    crowd.history.seen(f"job.{body['status']}", job, person.id, **told)
    if body["status"] == "completed":
        person.jobs[job] = crowd.rng.sample(crowd.animals, len(crowd.animals))


def new_animal(crowd: Crowd) -> Work | None:
    return make_animal(crowd, crowd.rng.choice(crowd.here))


async def make_animal(crowd: Crowd, person: Person) -> None:
    """A species by hand (A9); a repeat finds the one that was made."""
    wish = {"scientific_name": crowd.new_species(), "common_name": "chaos animal", "family": "Chaosidae"}
    told = await crowd.client.ask("POST", "/animals/lookup_or_create/", person.token, json=wish)
    if told.ok:
        animal = told.body["animal"]["id"]
        crowd.species[animal] = told.body["animal"]["scientific_name"]
        crowd.history.told("animal.created", animal, None, scientific_name=wish["scientific_name"])
    elif told.unknown:
        crowd.history.untold("animal.created", wish["scientific_name"], None)
    else:
        crowd.refused("an animal", told)
