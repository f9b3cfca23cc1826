"""Who means whom by labels."""

from collections.abc import Iterator

from deploy.check.cluster import Cluster, Workload


def each_selects_its_own_pods(cluster: Cluster) -> Iterator[str]:
    """A selector that takes in somebody else's pods counts, replaces and spreads the wrong ones."""
    for workload in cluster.workloads:
        if not workload.serves:
            continue
        selectors = {"selector": workload.document["spec"]["selector"]}
        for number, spread in enumerate(workload.spec.get("topologySpreadConstraints", ())):
            selectors[f"topologySpreadConstraints {number}"] = spread.get("labelSelector")
        apart = workload.spec.get("affinity", {}).get("podAntiAffinity", {})
        for number, term in enumerate(apart.get("requiredDuringSchedulingIgnoredDuringExecution", ())):
            selectors[f"podAntiAffinity {number}"] = term.get("labelSelector")
        for what, selector in selectors.items():
            yield from _only(cluster, workload, f"{workload}: its {what}", selector)


def services_lead_to_ports(cluster: Cluster) -> Iterator[str]:
    for service in cluster.all("Service"):
        what = f"Service {service['metadata']['name']}"
        selected = cluster.selected({"matchLabels": service["spec"].get("selector", {})})
        if len(selected) != 1:
            yield f"{what} selects {_named(selected)}, and should one"
            continue
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            if target not in (*selected[0].ports, *selected[0].ports.values()):
                yield f"{what}: {selected[0]} has no port {target}"


def disruption_is_bounded(cluster: Cluster) -> Iterator[str]:
    bounded: list[str] = []
    for budget in cluster.all("PodDisruptionBudget"):
        selected = cluster.selected(budget["spec"].get("selector"))
        bounded += [str(workload) for workload in selected]
        if len(selected) != 1:
            yield f"PodDisruptionBudget {budget['metadata']['name']} selects {_named(selected)}, and should one"
    for workload in cluster.workloads:
        if workload.serves and bounded.count(str(workload)) != 1:
            yield f"{workload} has {bounded.count(str(workload))} disruption budgets, and should have one"


def _only(cluster: Cluster, workload: Workload, what: str, selector: dict[str, object] | None) -> Iterator[str]:
    selected = cluster.selected(selector)
    if selected != [workload]:
        yield f"{what} selects {_named(selected)}"


def _named(workloads: list[Workload]) -> str:
    return ", ".join(map(str, workloads)) or "nothing"
