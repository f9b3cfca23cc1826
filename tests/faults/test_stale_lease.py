"""A worker that was stopped for longer than its lease goes on, and can change nothing any more (F23)."""

import threading
from pathlib import Path

from tests.fakes.model_steps import Held, Say
from tests.faults.analysis import numbers, send_job, told_on_the_bus, until_asked
from tests.faults.beside import beside
from tests.faults.database_stack import HurtMesh
from tests.faults.recovery import verified
from tests.faults.signals import paused
from tests.mesh import signed_up, until

LATE, IN_TIME = Say("Lynx lynx (Eurasian lynx)"), Say("Bison bison (American bison)")


async def test_whoever_comes_too_late_changes_nothing(hurt: HurtMesh, tmp_path: Path) -> None:
    """F23: stopped in the middle of a call; its answer comes when another worker has finished the job."""
    hurt.model.forget()
    gate = threading.Event()
    hurt.model.will(Held(gate, LATE), IN_TIME)
    async with (
        signed_up(hurt, "ada") as ada,
        beside(hurt, "vision-worker", tmp_path, BUS_FAULT_DIR="", CV_REQUEST_TIMEOUT_SECONDS="60") as stale,
    ):
        with paused(hurt.process("vision-worker")):
            job = await send_job(ada)
            await until_asked(hurt, 1)
        with paused(stale.process):
            in_time = await ada.finished(job)
            before = await numbers(hurt, [job])
            gate.set()
        assert in_time["detected_animals"][0]["scientific_name"] == "Bison bison"

        async def has_noticed() -> bool:
            return "worker.lease_lost" in stale.log.read_text()

        await until(has_noticed)
        afterwards = await ada.get(f"/vision/jobs/{job}/")
    for field in ("status", "detected_animals", "parsed_prediction", "completed_at", "cost_usd"):
        assert afterwards[field] == in_time[field], field
    assert await numbers(hurt, [job]) == before
    assert await told_on_the_bus(hurt, [job]) == {job: 1}
    assert not await verified(hurt)
