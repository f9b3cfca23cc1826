"""Several Prometheus texts made into one valid text. Pure (contract O4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_SAMPLE: Final = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (.+)$")


@dataclass
class Family:
    """One metric with all that several services say of it."""

    about: dict[str, str] = field(default_factory=dict)
    """Its HELP and TYPE lines, as the first service gave them."""
    samples: dict[str, list[str]] = field(default_factory=dict)
    """Sample lines by service."""


def families_of(texts: Mapping[str, str]) -> dict[str, Family]:
    """The families of all services' texts, by name; what is no sample and no comment is dropped."""
    families: dict[str, Family] = {}
    for service, text in texts.items():
        current = ""
        for line in text.splitlines():
            if line.startswith(("# HELP ", "# TYPE ")):
                _, kind, current, *_ = line.split(" ", 3)
                families.setdefault(current, Family()).about.setdefault(kind, line)
            elif match := _SAMPLE.match(line):
                # A histogram's `_bucket`, `_sum` and `_count` belong to the family named above them.
                name = current if current and match[1].startswith(current) else match[1]
                families.setdefault(name, Family()).samples.setdefault(service, []).append(line)
    return families


def merge(texts: Mapping[str, str], shared: set[str]) -> str:
    """One exposition of all `texts` (by service): each family once, its samples together.

    Samples of families that several services have get a `service` label. `shared` remembers those families from scrape
    to scrape, so that a service that is away does not change the labels of the others.
    """
    families = families_of(texts)
    shared.update(name for name, family in families.items() if len(family.samples) > 1)
    lines: list[str] = []
    for name, family in sorted(families.items()):
        lines += family.about.values()
        for service, samples in family.samples.items():
            lines += [_labelled(line, service) for line in samples] if name in shared else samples
    return "\n".join(lines) + "\n"


def _labelled(line: str, service: str) -> str:
    match = _SAMPLE.match(line)
    if match is None:
        return line
    name, labels, value = match.groups()
    inner = f"{labels[1:-1].rstrip(',')}," if labels and labels != "{}" else ""
    return f'{name}{{{inner}service="{service}"}} {value}'
