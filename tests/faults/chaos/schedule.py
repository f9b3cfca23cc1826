"""Which fault strikes what, when and for how long: drawn from one seed before anything starts (F28)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SERVICES: Final = ("users", "animals", "dex", "social", "vision", "vision-worker", "graph", "gateway")
HAVE_OUTBOX: Final = ("users", "animals", "dex", "social", "vision")
CONSUME: Final = ("users", "animals", "dex", "social", "vision", "graph")
MOODS: Final = ("rate-limited", "broken", "overloaded", "hanging", "trickling", "garbled")
HOSTILE: Final = ("truncated", "text", "gif", "empty", "bomb", "giant", "html")
POISON: Final = ("truncated", "wrong types", "unknown version", "not utf-8", "a list")
PLACES: Final = (
    *((place, HAVE_OUTBOX) for place in ("api.after_domain_write", "api.after_commit")),
    *((place, HAVE_OUTBOX) for place in ("relay.after_select", "relay.mid_publish")),
    *((place, HAVE_OUTBOX) for place in ("relay.after_ack_before_mark", "relay.after_mark_before_commit")),
    *((place, CONSUME) for place in ("consumer.before_commit", "consumer.after_commit_before_ack")),
    *(
        (f"vision.{place}", ("vision-worker",))
        for place in ("after_intent_before_call", "after_answer_before_store", "after_store_before_reading")
    ),
)
"""Named places of the code, and the processes that pass them."""

DECK: Final = {
    "kill": 8,
    "place": 6,
    "stop": 3,
    "decoder": 2,
    "nats-kill": 2,
    "nats-stop": 1,
    "postgres-backends": 2,
    "postgres-restart": 1,
    "postgres-stop": 1,
    "durable": 1,
    "poison": 5,
    "model": 3,
    "picture": 3,
}
"""How many cards of each kind are in the pack; it is dealt to its end before it is shuffled again."""

GAP_SECONDS: Final = 1.6
LONGEST: Final = {"stop": 6.0, "nats-stop": 8.0, "postgres-stop": 5.0, "model": 6.0}
WIPE: Final = "nats-wipe"
WORKER: Final = "worker"
AT_WORK: Final = "after a second of work"
"""Killed by the clock alone, it would never get so far as to begin."""
ONLY: Final = (*DECK, WIPE, WORKER)


@dataclass(frozen=True, slots=True)
class Fault:
    """One stroke: `at` seconds after the load began, for `seconds` where it lasts; `detail` says which way."""

    at: float
    kind: str
    target: str
    seconds: float = 0.0
    detail: str = ""


def draw(seed: int, seconds: float, only: Sequence[str] = ()) -> list[Fault]:
    """The faults of a run of so many seconds. The same arguments give the same list.

    only  kinds to draw from; none: all. `worker`: the vision worker is killed in every second that it works, and
          nothing else happens
    """
    rng = random.Random(f"faults {seed}")
    if WORKER in only:
        return [Fault(float(second), "kill", "vision-worker", 0.0, AT_WORK) for second in range(1, int(seconds))]
    kinds = [kind for kind in DECK if not only or kind in only]
    pack = [kind for kind in kinds for _ in range(DECK[kind])]
    # One of each to begin with, so that a short run misses none.
    faults, at, cards = [], 0.0, rng.sample(kinds, len(kinds))
    while pack:
        at += GAP_SECONDS * rng.uniform(0.4, 1.6)
        if at >= seconds:
            break
        if not cards:
            cards = rng.sample(pack, len(pack))
        faults.append(_dealt(rng, round(at, 2), cards.pop(), late=at > seconds / 2))
    # A log that is lost altogether takes a person, or this harness, to refill it: once in a long run.
    if WIPE in only or (not only and seconds >= 240):
        faults.append(Fault(round(seconds * rng.uniform(0.3, 0.5), 2), WIPE, "nats"))
    return sorted(faults, key=lambda fault: fault.at)


def _dealt(rng: random.Random, at: float, kind: str, *, late: bool) -> Fault:
    seconds = round(rng.uniform(0.5, LONGEST[kind]), 2) if kind in LONGEST else 0.0
    match kind:
        case "kill" | "stop":
            return Fault(at, kind, rng.choice(SERVICES), seconds)
        case "place":
            place, processes = rng.choice(PLACES)
            return Fault(at, kind, rng.choice(processes), 0.0, f"{place}:{rng.randint(1, 12)}")
        case "decoder":
            return Fault(at, kind, rng.choice(("vision", "vision-worker")))
        case "durable":
            # Made anew, it gets the whole log again; late in a long run nothing but that would be waited for.
            return Fault(at, "poison" if late else kind, rng.choice(CONSUME), 0.0, rng.choice(POISON) if late else "")
        case "poison":
            return Fault(at, kind, "bus", 0.0, rng.choice(POISON))
        case "model":
            return Fault(at, kind, "model", seconds, rng.choice(MOODS))
        case "picture":
            return Fault(at, kind, "vision", 0.0, rng.choice(HOSTILE))
        case _:
            return Fault(at, kind, kind.partition("-")[0], seconds)
