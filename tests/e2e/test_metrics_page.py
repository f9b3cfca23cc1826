"""docs/metrics.md is what a running mesh tells: every name, its type and its labels, and who tells it."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.check.figures import Described, described
from tests.e2e.watched import OWN_METRICS
from tests.mesh import Mesh

Told = dict[str, tuple[str, set[frozenset[str]]]]
"""By name: its type, and the sets of labels that its samples have."""
GIVEN = ("process_", "python_")


async def test_the_page_and_the_mesh_say_the_same(mesh: Mesh) -> None:
    page = described()
    addresses = {name: mesh.topology["processes"][name]["url"] for name in OWN_METRICS}
    async with httpx.AsyncClient() as web:
        told = {name: _told((await web.get(addresses[name] + path)).text) for name, path in OWN_METRICS.items()}
    wrong: list[str] = []
    for process, names in told.items():
        wrong += [f"{process}: {name} is not on the page" for name in names if name not in page]
        for name, line in page.items():
            if name in names:
                wrong += [f"{process}: {name}: {each}" for each in _differences(line, *names[name])]
            elif process in _who(line):
                wrong.append(f"{process} does not tell {name}")
    assert not wrong, "\n".join(wrong)


def _differences(line: Described, kind: str, samples: set[frozenset[str]]) -> list[str]:
    found = [] if kind == line.kind else [f"is a {kind}, not a {line.kind}"]
    return found + [f"has {sorted(labels)}, not {sorted(line.labels)}" for labels in samples if labels != line.labels]


def _who(line: Described) -> set[str]:
    groups = {"service": set(OWN_METRICS) - {"gateway"}, "everybody": set(OWN_METRICS)}
    return set().union(*(groups.get(who, {who}) for who in line.who))


def _told(text: str) -> Told:
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: (
            family.type,
            {frozenset(sample.labels) - {"le"} for sample in family.samples},
        )
        for family in text_string_to_metric_families(text)
        if not family.name.startswith(GIVEN) or family.name == "process_clock_seconds"
    }
