"""What a process measures about itself, read from its metrics page."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.operate.installation import Process

OWN: Final = "/metrics/own/"
"""The gateway's own series; its `/metrics/` has those of all services with it."""
PAGE: Final = "/metrics/"

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one page, by name."""

    by_name: dict[str, list[tuple[Labels, float]]] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "Samples":
        found: dict[str, list[tuple[Labels, float]]] = defaultdict(list)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found[sample.name].append((sample.labels, sample.value))
        return cls(dict(found))

    def all(self, name: str, **wanted: str) -> Iterator[tuple[Labels, float]]:
        """Those of a name with these labels."""
        for labels, value in self.by_name.get(name, ()):
            if all(labels.get(key) == text for key, text in wanted.items()):
                yield labels, value

    def value(self, name: str) -> float | None:
        """The only one of a name, or their sum; None where there is none."""
        values = [value for _, value in self.all(name)]
        return sum(values) if values else None

    def labels(self, name: str) -> Labels:
        """The labels of the first of a name; empty where there is none."""
        return next((labels for labels, _ in self.all(name)), {})


async def read_samples(client: httpx.AsyncClient, process: Process) -> Samples:
    """Empty where metrics are switched off.

    Raises:
        httpx.HTTPError: it does not answer.
    """
    pages: Iterable[str] = (OWN, PAGE) if process.service == "gateway" else (PAGE,)
    for page in pages:
        answer = await client.get(process.url + page)
        if answer.status_code == 200:
            return Samples.read(answer.text)
    return Samples()
