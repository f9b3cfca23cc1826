"""The policies let through what the design says, and nothing else."""

from collections.abc import Iterator

from deploy.check import calls
from deploy.check.cluster import Cluster
from deploy.check.reach import Reach


def only_the_calls_of_the_design(cluster: Cluster) -> Iterator[str]:
    reach, wanted = Reach(cluster), calls.of_the_design(cluster)
    yield from (f"no policy holds {who}" for who in reach.unguarded)
    yield from (f"{call} is let through, and nobody needs it" for call in sorted(reach.open - wanted))
    yield from (f"{call} is needed, and not let through" for call in sorted(wanted - reach.open))
    yield from (f"{call} is allowed on one side only" for call in sorted(reach.half_open - wanted))
    for policy in cluster.all("NetworkPolicy"):
        if policy["spec"]["podSelector"] and not cluster.selected(policy["spec"]["podSelector"]):
            yield f"NetworkPolicy {policy['metadata']['name']} is for nobody"


def the_code_calls_as_the_design_says(cluster: Cluster) -> Iterator[str]:
    """The policies are held against the design; the design is held against the code."""
    del cluster
    written = calls.of_the_code()
    for service in sorted({*written, *calls.QUESTIONS}):
        says, does = calls.QUESTIONS.get(service, frozenset()), written.get(service, frozenset())
        if says != does:
            yield f"{service} asks {_named(does)}; by the design {_named(says)}"


def _named(services: frozenset[str]) -> str:
    return ", ".join(sorted(services)) or "nobody"
