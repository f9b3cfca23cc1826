"""Jobs of the vision service as its tests of faults see them: sent, waited for, and looked up where they are kept."""

import asyncio
import io
import itertools
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import nats
from PIL import Image

from deploy.commands.walk import PHOTOS
from deploy.local.player import Player
from libs.common.bus import STREAM
from tests.faults.database_stack import HurtMesh
from tests.mesh import until

NUMBERS = """
SELECT job.id::text, job.status, job.retry_count,
    (SELECT count(*) FROM vision.provider_calls AS call WHERE call.job_id = job.id) AS calls,
    (SELECT count(*) FROM vision.outbox WHERE aggregate_id = job.id AND subject = 'image.identified') AS told
FROM vision.analysis_jobs AS job WHERE job.id = ANY($1::uuid[])
"""


_koalas = itertools.count()


def another_koala() -> bytes:
    """The same again but for a pixel: an upload that is sent twice is one job (contract V2)."""
    number, target = next(_koalas), io.BytesIO()
    with Image.open(PHOTOS / "koala.webp") as photo:
        image = photo.convert("RGB")
    # Blocks of eight pixels, so that it outlives the JPEG.
    image.paste((number * 16 % 256, number // 16 * 16 % 256, 77), (0, 0, 8, 8))
    image.save(target, "JPEG", quality=90)
    return target.getvalue()


async def send_job(player: Player, model: str = "gpt-4o", data: bytes | None = None) -> str:
    """A job from an upload of its own, so that the worker has all the work with it; its id."""
    files = {"image": ("photo.jpg", data or another_koala(), "image/jpeg")}
    answer = await player.ask("POST", "/vision/jobs/", files=files, data={"cv_method": "openai", "model_name": model})
    sent: str = answer["id"]
    return sent


async def ended(player: Player, jobs: Sequence[str]) -> list[dict[str, Any]]:
    """All of them, as soon as all have ended."""
    return list(await asyncio.gather(*(player.finished(job) for job in jobs)))


async def numbers(hurt: HurtMesh, jobs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of each job: how often it failed, how many calls it meant to make, how often its result was told."""
    async with hurt.database() as database:
        rows = await database.fetch(NUMBERS, [UUID(job) for job in jobs])
    return {row["id"]: dict(row) for row in rows}


async def told_on_the_bus(hurt: HurtMesh, jobs: Sequence[str]) -> dict[str, int]:
    """How many `image.identified` of each job are in the log."""
    client = await nats.connect(hurt.topology["nats"]["url"])
    try:
        found = dict.fromkeys(jobs, 0)
        reader = await client.jetstream().pull_subscribe("image.identified", stream=STREAM)
        waiting = (await reader.consumer_info()).num_pending or 0
        while waiting > 0:
            for message in (messages := await reader.fetch(min(waiting, 100), timeout=10)):
                said = json.loads(message.data)
                if said["id"] in found:
                    found[said["id"]] += 1
            waiting -= len(messages)
        await reader.unsubscribe()
    finally:
        await client.close()
    return found


async def until_asked(hurt: HurtMesh, number: int) -> None:
    """Waits until the model has been asked so often."""

    async def asked() -> bool:
        return len(hurt.model.calls) >= number

    await until(asked)
