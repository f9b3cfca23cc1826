"""The model's API as chaos wants it: it takes its time, charges for every good answer, and has its moods (H16)."""

import json
import random
import time
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.fakes.model_server import Call, ModelServer
from tests.fakes.model_steps import Fail, Hang, Raw, Say, Step, Trickle

SEEN: Final = (
    "Phascolarctos cinereus (koala)",
    "Ailuropoda melanoleuca (giant panda)",
    "Panthera onca (jaguar)",
    "Bison bison (American bison)",
    "Giraffa camelopardalis (giraffe)",
    "Ursus maritimus (polar bear)",
    "Lemur catta (ring-tailed lemur)",
    "Strix aluco (tawny owl)",
    "Erinaceus europaeus (European hedgehog)",
    "Ara macao (scarlet macaw)",
)
MOODS: Final[dict[str, Step]] = {
    "rate-limited": Fail(429, "rate_limit_exceeded", {"Retry-After": "1"}),
    "broken": Fail(500),
    "overloaded": Fail(529, "overloaded_error"),
    "hanging": Hang(60),
    "trickling": Trickle(0.3),
    "garbled": Raw(b'{"choices": [{"message": {"content": "Bison'),
}
SLOWEST: Final = 0.9


class ChaosModel(ModelServer):
    """Knows no idempotency key: what it is asked twice, it charges twice, as the real one would."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.mood: str | None = None
        self.left: dict[int, float] = {}
        """When each good answer left, by the identity of its call."""
        self._rng = random.Random(f"model {seed}")

    def step_for(self, call: Call) -> tuple[Step, bytes | None]:
        super().step_for(call)
        time.sleep(self._rng.uniform(0.1, SLOWEST))
        return (MOODS[self.mood] if self.mood else Say(self._rng.choice(SEEN))), None

    def bill(self, call: Call, answer: bytes) -> None:
        super().bill(call, answer)
        self._answered.clear()
        self.left[id(call)] = time.time()

    def inside(self, moment: float, storing: float = 0.5) -> int:
        """Calls that were being made at that moment, or had just been answered and were not stored yet."""
        return sum(
            call.at <= moment <= self.left.get(id(call), call.at + SLOWEST) + storing for call in list(self.calls)
        )

    def write_ledger(self, path: Path) -> None:
        """One line a call, in the words of the checker."""
        with path.open("w") as file:
            for call in self.calls:
                line = {
                    "at": call.at,
                    "sha256": sha256(call.picture).hexdigest(),
                    "idempotency_key": call.idempotency_key,
                    "billed": call.billed,
                    "answered": id(call) in self.left,
                }
                file.write(json.dumps(line) + "\n")
