"""What processes count about themselves, as far as a deploy looks at it."""

import re
from dataclasses import dataclass
from typing import Final

from deploy.rollout.engine import Engine
from deploy.rollout.plan import MEMBERS

_SAMPLE: Final = re.compile(r"^(dead_letters_waiting|outbox_oldest_age_seconds)(?:\{[^}]*\})? ([0-9.eE+-]+)$", re.M)


@dataclass(frozen=True)
class Figures:
    """Events set aside for a person; age of the oldest one not yet published, in seconds."""

    dead_letters: float = 0.0
    oldest: float = 0.0


def figures_of(engine: Engine) -> dict[str, Figures]:
    """By unit, where a process tells. Processes of one service tell the same: the worst counts."""
    found: dict[str, Figures] = {}
    for member in MEMBERS:
        container = engine.container(member.name)
        if container is None or not container.is_running:
            continue
        told = dict(_SAMPLE.findall(engine.ask(container, "/metrics/").body))
        if not told:
            continue
        known = found.get(member.unit, Figures())
        found[member.unit] = Figures(
            max(known.dead_letters, float(told.get("dead_letters_waiting", 0))),
            max(known.oldest, float(told.get("outbox_oldest_age_seconds", 0))),
        )
    return found
