"""Looks whether what runs is what was wanted, and whether it works: by every process, and through the front."""

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit

from deploy.rollout.containers import Answer, Container
from deploy.rollout.engine import Engine
from deploy.rollout.failure import NotDone
from deploy.rollout.figures import Figures, figures_of
from deploy.rollout.interruption import Interruption
from deploy.rollout.plan import FRONT, Member

READS: Final = ("/api/v1/health/", "/api/v1/animals/?page_size=1")
"""Through the front: everything at once, and one read from a database."""
CALM_SECONDS: Final = 30.0
"""So long the front and the outboxes have to come to rest."""
OLDEST_SECONDS: Final = 60.0
"""An event that waits longer is not on its way any more."""


def verify_processes(engine: Engine, members: tuple[Member, ...], tags: Mapping[str, str]) -> None:
    """Raises NotDone: one of them is away, not ready, or of another version."""
    for member in members:
        container = engine.container(member.name)
        if container is None or not container.is_running:
            raise NotDone(f"{member.name} does not run")
        if container.tag != tags[member.unit]:
            raise NotDone(f"{member.name} runs {container.tag}, not {tags[member.unit]}")
        answer = engine.ask(container, "/health/" if member.twin else "/ready/")
        if answer.status != 200:
            raise NotDone(f"{member.name} is not ready ({answer.content.get('error') or answer.status})")


def verify_front(engine: Engine, public_url: str, ending: Interruption) -> None:
    """Raises NotDone: who comes in by the front does not get a read answered."""
    front = engine.container(FRONT)
    if front is None or not front.published:
        raise NotDone("the front does not run, or publishes no port")
    for path in READS:
        until = time.monotonic() + CALM_SECONDS
        while (answer := read_through(front, path, public_url)).status != 200:
            if time.monotonic() > until:
                raise NotDone(f"through the front, {path} is answered with {answer.status}: {answer.body[:200]}")
            ending.pause()


def verify_events(engine: Engine, before: Mapping[str, Figures], ending: Interruption) -> None:
    """Raises NotDone: events are set aside since, or stay in an outbox."""
    until = time.monotonic() + CALM_SECONDS
    while True:
        now = figures_of(engine)
        for unit, figures in now.items():
            more = figures.dead_letters - before.get(unit, figures).dead_letters
            if more > 0:
                raise NotDone(f"{unit} has set aside {more:.0f} events since: ./bdx bus dlq list")
        late = {unit: figures.oldest for unit, figures in now.items() if figures.oldest > OLDEST_SECONDS}
        # What waited before is not this version's doing, as long as it does not come to more.
        late = {unit: age for unit, age in late.items() if before.get(unit, Figures()).oldest <= OLDEST_SECONDS}
        if not late:
            return
        if time.monotonic() > until:
            told = ", ".join(f"{unit} for {age:.0f} s" for unit, age in late.items())
            raise NotDone(f"events are not published: {told}")
        ending.pause()


def read_through(front: Container, path: str, public_url: str) -> Answer:
    """A GET at the published port, under the name by which people come. TLS may end there or before it."""
    plain = _read("http", front, path, public_url)
    return plain if plain.status not in (0, 400) else _read("https", front, path, public_url)


def _read(scheme: str, front: Container, path: str, public_url: str) -> Answer:
    _, address = min(front.published.items())
    host = urlsplit(public_url).netloc
    request = urllib.request.Request(f"{scheme}://{address}{path}", headers={"Host": host} if host else {})
    # The certificate is made for the public name, and this is this host.
    unverified = ssl._create_unverified_context() if scheme == "https" else None
    try:
        with urllib.request.urlopen(request, timeout=5, context=unverified) as answer:
            return Answer(answer.status, answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(errors="replace"))
    except (OSError, HTTPException) as error:
        return Answer(0, f"{type(error).__name__}: {error}")
