"""What a deploy does, step by step: told to people while it happens, and kept for the report."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Say = Callable[[str], None]


@dataclass
class Step:
    """One thing that was done, or that did not go through."""

    name: str
    seconds: float = 0.0
    done: bool = False


@dataclass
class Journal:
    """`say` takes one line; markup of rich is allowed in it."""

    say: Say
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        step, began = Step(name), time.monotonic()
        self.steps.append(step)
        self.say(f"  {name} …")
        try:
            yield
            step.done = True
        finally:
            step.seconds = round(time.monotonic() - began, 1)
            self.say(f"  [green]✓[/] {name}, {step.seconds:.1f} s" if step.done else f"  [red]✗[/] {name}")
