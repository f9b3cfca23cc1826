"""How strangers come in, and who collects figures from whom."""

from collections import Counter
from collections.abc import Iterator

from deploy.check.cluster import Cluster, Document, matches
from deploy.check.house.mesh import FRONT
from deploy.local.topology import MESH


def strangers_come_to_the_front(cluster: Cluster) -> Iterator[str]:
    listeners = {
        (gateway["metadata"]["name"], listener["name"]): listener
        for gateway in cluster.all("Gateway")
        for listener in gateway["spec"]["listeners"]
    }
    for route in cluster.all("HTTPRoute"):
        what = f"HTTPRoute {route['metadata']['name']}"
        for parent in route["spec"]["parentRefs"]:
            listener = listeners.get((parent["name"], parent.get("sectionName", "")))
            if listener is None:
                yield f"{what} belongs to {parent['name']}/{parent.get('sectionName')}, which is not there"
            elif (host := listener.get("hostname")) not in (hosts := route["spec"]["hostnames"]):
                yield f"{what} is for {', '.join(hosts)}, its listener for {host}"
        for rule in route["spec"]["rules"]:
            yield from (f"{what} {wrong}" for wrong in _of_rule(cluster, rule))
    for listener in listeners.values():
        if listener["protocol"] == "HTTPS" and not listener.get("tls", {}).get("certificateRefs"):
            yield "the Gateway has no certificate"
    for service in cluster.all("Service"):
        if service["spec"].get("type", "ClusterIP") != "ClusterIP" and service["metadata"]["name"] != FRONT:
            yield f"Service {service['metadata']['name']} can be reached from outside"


def everybody_is_collected_from_once(cluster: Cluster) -> Iterator[str]:
    monitors = cluster.all("ServiceMonitor")
    collected: Counter[str] = Counter()
    for monitor in monitors:
        what = f"ServiceMonitor {monitor['metadata']['name']}"
        selected = [
            service
            for service in cluster.all("Service")
            if matches(monitor["spec"]["selector"], service["metadata"].get("labels", {}))
        ]
        if not selected:
            yield f"{what} selects nothing"
        for service in selected:
            collected[service["metadata"]["name"]] += 1
            for endpoint in monitor["spec"]["endpoints"]:
                if endpoint["port"] not in [port.get("name") for port in service["spec"]["ports"]]:
                    yield f"{what}: Service {service['metadata']['name']} has no port {endpoint['port']}"
    for monitor in cluster.all("PodMonitor"):
        what = f"PodMonitor {monitor['metadata']['name']}"
        pods = cluster.selected(monitor["spec"]["selector"])
        if not pods:
            yield f"{what} selects nothing"
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            yield from (
                f"{what}: {pod} has no port {endpoint['port']}" for pod in pods if endpoint["port"] not in pod.ports
            )
    if monitors:
        for process in MESH.processes:
            if collected[process.name] != 1:
                yield f"{process.name} is collected from {collected[process.name]} times, and should be once"


def _of_rule(cluster: Cluster, rule: Document) -> Iterator[str]:
    redirects = any(each["type"] == "RequestRedirect" for each in rule.get("filters", ()))
    if not rule.get("backendRefs") and not redirects:
        yield "leads nowhere"
    for backend in rule.get("backendRefs", ()):
        service = cluster.named("Service", backend["name"])
        if backend["name"] != FRONT:
            yield f"leads to {backend['name']}, past the front: /metrics and /internal would be open"
        elif service is None or backend["port"] not in [port["port"] for port in service["spec"]["ports"]]:
            yield f"leads to {backend['name']}:{backend['port']}, where nobody listens"
