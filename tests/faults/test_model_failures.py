"""The model's API fails in every way an API can, all at once; whoever uploads meanwhile does not notice (H16)."""

import asyncio
import json
import time
from dataclasses import dataclass

from deploy.commands.walk import PHOTOS
from tests.fakes.model_server import Call
from tests.fakes.model_steps import Fail, Hang, Raw, Say, Step, Trickle, completion
from tests.faults.analysis import ended, numbers, send_job
from tests.faults.database_stack import FAULTY_MODELS, PAUSES, HurtMesh
from tests.faults.recovery import verified
from tests.mesh import signed_up

GOOD = Say("Panthera onca (jaguar)")
WISH = 2
"""Seconds of `Retry-After`; more than any pause here."""


@dataclass(frozen=True)
class Played:
    """What the model does, call by call, the last again and again; how the job must end, after how many calls."""

    steps: tuple[Step, ...]
    ends: str
    calls: int
    bills: int = 0


FAULTS = {
    "401": Played((Fail(401, "invalid_api_key"),), "failed", 1),
    "403": Played((Fail(403),), "failed", 1),
    "429 for good": Played((Fail(429, "insufficient_quota"),), "failed", 1),
    "429 for a while": Played((Fail(429, "rate_limit_exceeded", {"Retry-After": str(WISH)}), GOOD), "completed", 2, 1),
    "500 twice": Played((Fail(500), Fail(500), GOOD), "completed", 3, 1),
    "503 for good": Played((Fail(503),), "failed", 3),
    "hangs": Played((Hang(),), "failed", 3),
    "hangs once": Played((Hang(), GOOD), "completed", 2, 1),
    "trickles": Played((Trickle(0.2),), "failed", 3),
    "truncated": Played((Raw(json.dumps(completion("gpt-4o", GOOD)).encode()[:-30]),), "failed", 3),
    "html": Played((Raw(b"<html>Bad Gateway</html>", "text/html"),), "failed", 3),
    "50 MB": Played((Raw(b'{"choices": "' + b"x" * 50_000_000 + b'"}'),), "failed", 3),
    "wrong schema": Played((Raw(b'{"choices": [{"text": "Panthera onca"}]}'),), "failed", 3),
    "out of tokens": Played((Say("", finish_reason="length"), GOOD), "completed", 2, 2),
    "will not look": Played((Say(None, finish_reason="content_filter"),), "completed", 3, 3),
}
MODEL_OF = dict(zip(FAULTS, FAULTY_MODELS, strict=False))


async def test_every_failure_at_once(hurt: HurtMesh) -> None:
    """H16: attempts, deadlines and pauses as B6 says; sentences without secrets; uploads go on meanwhile."""
    hurt.model.forget()
    for name, played in FAULTS.items():
        hurt.model.for_model[MODEL_OF[name]] = list(played.steps)
    async with signed_up(hurt, "ada") as ada, signed_up(hurt, "ben") as ben:
        began = time.monotonic()
        jobs = {name: await send_job(ada, MODEL_OF[name]) for name in FAULTS}
        ending = asyncio.create_task(ended(ada, list(jobs.values())))
        uploads = 0
        while not ending.done():
            sent = time.monotonic()
            await ben.upload(PHOTOS / "koala.webp")
            assert time.monotonic() - sent < 5
            uploads += 1
        results = dict(zip(jobs, await ending, strict=True))
        assert uploads > 3
        # Three deadlines and two pauses are seven seconds; the rest is for a busy machine.
        assert time.monotonic() - began < 60
    kept = await numbers(hurt, list(jobs.values()))
    for name, played in FAULTS.items():
        result, calls = results[name], calls_of(hurt, name)
        assert (name, result["status"], len(calls)) == (name, played.ends, played.calls)
        assert (name, sum(call.billed for call in calls)) == (name, played.bills)
        assert kept[jobs[name]]["told"] == (played.ends == "completed")
        for secret in ("sk-", "/etc", "127.0.0.1", "Traceback"):
            assert secret not in result["error_message"], name
    first, second = calls_of(hurt, "429 for a while")
    assert second.at - first.at >= WISH
    for name in ("500 twice", "503 for good"):
        gaps = [later.at - earlier.at for earlier, later in zip(*_neighbors(calls_of(hurt, name)), strict=True)]
        assert all(gap >= pause for gap, pause in zip(gaps, PAUSES, strict=True)), (name, gaps)
    assert results["will not look"]["detected_animals"] == []
    assert not await verified(hurt)


def calls_of(hurt: HurtMesh, name: str) -> list[Call]:
    return [call for call in hurt.model.calls if call.model == MODEL_OF[name]]


def _neighbors(calls: list[Call]) -> tuple[list[Call], list[Call]]:
    return calls[:-1], calls[1:]
