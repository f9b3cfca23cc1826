"""H2: killed at every system call of a request, one after the other; what was acknowledged is there, once and told.

Whoever got no answer says the same again, as the client does. `strace` counts the calls from just before the request
until its event is published, and the number grows until the request outlives it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.local import supervisor
from deploy.local.player import Refused
from deploy.local.stack import Stack
from tests.conftest import AS_STARTED, SETTINGS
from tests.faults.armed import are_back, hurry
from tests.faults.deeds import LOOP, Befriending, Capturing, Deed, Registering, Uploading, answered, deed_of
from tests.faults.recovery import verified
from tests.faults.system_calls import Point, Trace, killed_at, needs_strace
from tests.mesh import Mesh, until, wait_for_taxonomy

pytestmark = [pytest.mark.long, pytest.mark.timeout(900), needs_strace]
OUTLIVED = 2
"""So many times in a row a request must be through before its number, as calls of the background count, too."""
MOST = 150
AIMED = 40
"""Further kills for a moment that was passed over, as the background calls at one time more, at another less."""
SAID = re.compile(r'"HTTP/1\.1 20[01] ')


@dataclass(frozen=True)
class Progress:
    """How far a request had come: what was called since its event's row was sent, and since the event itself was."""

    row: list[str]
    event: list[str]

    @classmethod
    def of(cls, calls: list[str], subject: str) -> "Progress":
        """Of these calls, the last of which was not made. Statements may be prepared already; their values are seen."""
        row = next((calls[at:] for at, call in enumerate(calls) if subject in call and "HPUB " not in call), [])
        event = next((row[at:] for at, call in enumerate(row) if f"HPUB {subject} " in call), [])
        return cls(row, event)

    @property
    def is_committing(self) -> bool:
        return "COMMIT;" in self.row[-1] and not self.has_answered

    @property
    def is_answering(self) -> bool:
        """At its first line, before anything of it is said."""
        return bool(self.row and SAID.search(self.row[-1]))

    @property
    def has_answered(self) -> bool:
        return any(SAID.search(call) for call in self.row[:-1])

    @property
    def is_marked(self) -> bool:
        return any("COMMIT;" in call for call in self.event[:-1])


MOMENTS: dict[str, Callable[[Progress], bool]] = {
    "the event is not written": lambda at: len(at.row) == 1,
    "not committed": lambda at: len(at.row) > 1 and at.is_committing,
    "committed, not answered": lambda at: at.is_answering,
    "half answered": lambda at: len(at.row) > 1 and bool(SAID.search(at.row[-2])),
    "answered, not published": lambda at: len(at.event) == 1,
    "published, not marked": lambda at: len(at.event) > 1 and "COMMIT;" not in at.event[-1] and not at.is_marked,
    "marked, not committed": lambda at: len(at.event) > 1 and "COMMIT;" in at.event[-1] and not at.is_marked,
}
"""Between any two of these something could be lost, or done twice; each must have been met."""


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh with one process a service, so that it is known who serves a request; started again without pauses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor, "LONGEST_PAUSE", supervisor.SHORTEST_PAUSE)
        with Stack(tmp_path_factory.mktemp("single"), environment=AS_STARTED | SETTINGS, careless=True) as stack:
            wait_for_taxonomy(stack.url)
            yield Mesh(stack.data_dir)


@dataclass(frozen=True)
class Strike:
    """One request and one kill: the calls up to it, what it has made, and of how it was said.

    outlived  the request was through before its number came
    repeated  nobody answered, so it was said again
    kept      and what it asked for was there by then
    """

    at: str
    trace: Trace
    made: str
    outlived: bool
    repeated: bool
    kept: bool

    def __str__(self) -> str:
        said = f"{'said again' if self.repeated else 'acknowledged'}, {'was there' if self.kept else 'new'}"
        return f"{self.at}: {'outlived' if self.outlived else 'killed'}, {said}; {self.trace.last}"


async def struck(deed: Deed, point: Point, number: int, folder: Path) -> Strike:
    """One strike; says at which call it was if something does not hold."""
    try:
        strike = await _struck(deed, point, number, folder / f"{point.call}-{number}")
    except (AssertionError, TimeoutError, Refused) as failure:
        raise AssertionError(f"{deed.process}, killed at {point.call} {number}: {failure!r}") from failure
    print(f"{deed.process}: {strike}")
    return strike


async def _struck(deed: Deed, point: Point, number: int, output: Path) -> Strike:
    """Kills the service at this call of the next request; has it said again where nobody answered."""
    wish, process = await deed.prepared(), deed.mesh.process(deed.process)
    first: httpx.Response | None = None
    with deed.undisturbed():
        async with killed_at(process.pid, point, number, output) as trace:
            # Should the request not have reached the service at all, it is sent once more.
            while first is None and psutil.pid_exists(process.pid):
                first = await answered(wish)

            async def is_over() -> bool:
                return not psutil.pid_exists(process.pid) or await deed.is_told()

            await until(is_over)
        # One that was not killed is killed now: at work for a while, it makes other calls than a fresh one.
        with suppress(psutil.NoSuchProcess):
            process.kill()
        await until(lambda: are_back(deed.mesh, {deed.process: process.pid}), 60)
        kept = await deed.count() == len(deed.made) + 1
        assert kept or first is None, "what was acknowledged is lost"
        last = first

        async def is_answered() -> bool:
            nonlocal last
            last = last or await answered(wish)
            return last is not None

        await until(is_answered)
    assert last is not None
    made = str(last.json()["id"]) if last.is_success else await wish.find()
    assert await deed.is_readable(made), "what was acknowledged cannot be read"
    await until(deed.is_told)
    deed.made.append(made)
    assert await deed.count() == len(set(deed.made)) == len(deed.made), "a repetition was done twice"
    return Strike(f"{point.call} {number}", trace, made, not trace.is_killed, first is None, kept)


async def strikes_at(deed: Deed, point: Point, folder: Path) -> list[Strike]:
    """Kills at the first such call, at the second, and so on, until the request is through before."""
    done: list[Strike] = []
    while not (len(done) >= OUTLIVED and all(strike.outlived for strike in done[-OUTLIVED:])):
        assert len(done) < MOST, f"{deed.process}: the request does not get through"
        done.append(await struck(deed, point, len(done) + 1, folder))
    return done


def missed(deed: Deed, strikes: list[Strike]) -> list[str]:
    """At which moments nothing was killed."""
    met = [Progress.of(strike.trace.calls, deed.subject) for strike in strikes if not strike.outlived]
    return [name for name, is_met in MOMENTS.items() if not any(is_met(progress) for progress in met)]


def seen_at(deed: Deed, name: str, strikes: list[Strike]) -> list[int]:
    """The number that the loop's write at this moment had, in each trace in which it came to pass."""
    found = []
    for calls in (strike.trace.calls for strike in strikes):
        ends = (at for at in range(1, len(calls) + 1) if MOMENTS[name](Progress.of(calls[:at], deed.subject)))
        if end := next(ends, 0):
            found.append(sum(call.startswith(f"{LOOP.call}(") for call in calls[:end]))
    return [number for number in found if number]


async def aimed(deed: Deed, strikes: list[Strike], folder: Path) -> list[Strike]:
    """Kills at the moments that were passed over, where they were seen."""
    done: list[Strike] = []
    while (names := missed(deed, strikes + done)) and len(done) < AIMED:
        numbers = seen_at(deed, names[0], [*done, *reversed(strikes)])
        assert numbers, f"{deed.process}: nothing is ever seen of {names}"
        done.append(await struck(deed, LOOP, numbers[len(done) % len(numbers)], folder))
    return done


@pytest.mark.parametrize("kind", [Registering, Befriending, Capturing, Uploading])
async def test_killed_at_each(kind: type[Deed], single: Mesh, tmp_path: Path) -> None:
    async with deed_of(kind, single) as deed:
        strikes = [strike for point in deed.points for strike in await strikes_at(deed, point, tmp_path)]
        strikes += await aimed(deed, strikes, tmp_path)
        passed_over = missed(deed, strikes)
        assert not passed_over
        for strike in (each for each in strikes if not each.outlived):
            if Progress.of(strike.trace.calls, deed.subject).is_answering:
                assert strike.repeated and strike.kept, f"an answer was under way before the commit: {strike}"
        for strike in strikes:
            assert await deed.is_readable(strike.made), str(strike)
    await hurry(single)
    assert not await verified(single, "--checksums", "1", patience=60)
