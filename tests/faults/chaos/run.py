"""One run of chaos from an empty stack to its table of figures."""

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.stack import Stack
from tests.faults.chaos import settle
from tests.faults.chaos.checked import checked
from tests.faults.chaos.client import Client
from tests.faults.chaos.crowd import Crowd
from tests.faults.chaos.history import History
from tests.faults.chaos.injector import Injector, WorkerWatch
from tests.faults.chaos.load import Load, gather_crowd
from tests.faults.chaos.model import ChaosModel
from tests.faults.chaos.place import ARMED, Place
from tests.faults.chaos.poison import Poison
from tests.faults.chaos.report import Result
from tests.faults.chaos.schedule import Fault, draw
from tests.faults.chaos.settle import Compared
from tests.faults.chaos.strokes import Strokes
from tests.faults.chaos.tally import Tally
from tests.mesh import wait_for_taxonomy

Say = Callable[[str], None]
READY_SECONDS = 60.0
CHECKER_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """What is asked for. `hurry` shortens the players' pauses between repeats."""

    seconds: float
    rate: float
    seed: int
    only: Sequence[str] = ()
    players: int = 30
    hurry: float = 1.0


def environment(given: Mapping[str, str], folder: Path, model: ChaosModel) -> dict[str, str]:
    """As a server would be configured, but without throttles, and with a model that is ours."""
    return {
        **given,
        **{f"THROTTLE_{what}_RATE": "off" for what in ("ANON", "USER", "UPLOAD", "FRIEND_CODE")},
        "BUS_FAULT_DIR": str(folder / ARMED),
        "OPENAI_API_KEY": "sk-chaos",
        "OPENAI_BASE_URL": model.url,
        "CV_METHOD": "openai",
        "CV_DAILY_CALLS_PER_USER": "0",
        "CV_REQUEST_TIMEOUT_SECONDS": "5",
    }


def run(plan: Plan, given: Mapping[str, str], say: Say) -> Result:
    """Starts a stack of its own, breaks it, and says what came of it. The folder stays; the result names it."""
    folder = Path(tempfile.mkdtemp(prefix="biologidex-chaos-")).resolve()
    (folder / ARMED).mkdir()
    with ChaosModel(plan.seed) as model:
        say(f"starting the stack in {folder}")
        with Stack(folder, environment=environment(given, folder, model), careless=True) as stack:
            wait_for_taxonomy(stack.url)
            return asyncio.run(_run(plan, folder, stack.url, model, say))


async def _run(plan: Plan, folder: Path, url: str, model: ChaosModel, say: Say) -> Result:
    place, tally, compared = Place(folder), Tally(), Compared()
    history = History(folder / "history.jsonl", tally)
    client = Client(url, tally, place.may_break, plan.hurry)
    crowd = Crowd(client, history, tally, random.Random(f"load {plan.seed}"))
    poison = Poison(random.Random(f"poison {plan.seed}"))
    watch = WorkerWatch(place, model)
    try:
        say(f"{plan.players} players come")
        await gather_crowd(crowd, plan.players)
        schedule = draw(plan.seed, plan.seconds, plan.only)
        strokes = Strokes(place, crowd, model, poison, plan.seed)
        watching = asyncio.create_task(watch.run())
        await _break(plan, crowd, Injector(strokes, lambda fault: None), schedule, say)
        await _settle(place, crowd, model, compared, say)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        poison.write(folder / "poison")
        model.write_ledger(folder / "ledger.jsonl")
        say("the checker looks at everything")
        # It waits for what is still on its way; after that, what players read back is what there is.
        found = await checked(
            folder,
            poison=folder / "poison",
            history=history.path,
            ledger=folder / "ledger.jsonl",
            spare=watch.inside_a_call,
            patience=CHECKER_SECONDS,
        )
        await settle.compare(crowd, compared, say)
    finally:
        history.close()
        await client.close()
    return Result(
        seed=plan.seed,
        seconds=plan.seconds,
        rate=plan.rate,
        schedule=schedule,
        tally=tally,
        compared=compared,
        checker=found,
        poison=len(poison.given),
        jobs=crowd.jobs,
        paid=len(model.bills),
        inside_a_call=watch.inside_a_call,
        worker_deaths=watch.deaths,
        folder=folder,
    )


async def _break(plan: Plan, crowd: Crowd, injector: Injector, schedule: list[Fault], say: Say) -> None:
    load = Load(crowd, plan.rate)
    began, tally = time.monotonic(), crowd.tally
    before = tally.writes["acknowledged"]

    async def tell() -> None:
        while True:
            await asyncio.sleep(1)
            seconds = time.monotonic() - began
            done = tally.writes["acknowledged"] - before
            struck = sum(tally.faults.values())
            say(
                f"{seconds:4.0f} of {plan.seconds:.0f} s · {done / seconds:5.1f} writes/s acknowledged · "
                f"{load.at_work} under way · {struck} of {len(schedule)} faults · "
                f"{sum(tally.surprises.values())} surprises"
            )

    telling = asyncio.create_task(tell())
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(load.run(plan.seconds))
            both.create_task(injector.run(schedule))
        await load.rest()
    finally:
        telling.cancel()


async def _settle(place: Place, crowd: Crowd, model: ChaosModel, compared: Compared, say: Say) -> None:
    model.mood = None
    place.disarm()
    say("nothing breaks any more; waiting until everybody is ready")
    ready = await settle.until_ready(place, READY_SECONDS)
    if ready is None:
        compared.stuck.append(f"not everybody is ready {READY_SECONDS:.0f} s after the last fault")
    compared.ready_seconds = READY_SECONDS if ready is None else ready
    await settle.jobs_to_their_end(place, crowd, compared, say)
    for task in list(crowd.watchers):
        task.cancel()
