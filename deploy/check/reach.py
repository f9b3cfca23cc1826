"""What the network policies of a rendering let through, by the rules that Kubernetes has for them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Final

from deploy.check import calls
from deploy.check.calls import Call
from deploy.check.cluster import Cluster, Document, Workload, matches

NAME_LABEL: Final = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class End:
    """One end of a connection: pods of ours, pods elsewhere in the cluster, or an address outside of it."""

    name: str
    ports: frozenset[int]
    labels: dict[str, str] = field(default_factory=dict, hash=False, compare=False)
    namespace: dict[str, str] | None = field(default=None, hash=False, compare=False)
    """Its labels, for pods of others."""
    address: str = ""
    ours: bool = False
    is_asked: bool = True
    """Not the pods of a job: whoever lets a service in by its name lets in its migration, which does not come."""


OUTSIDE: Final = (
    End(calls.MONITORING, frozenset({4318, 9090}), {}, {NAME_LABEL: "monitoring", "biologidex.io/role": "monitoring"}),
    End(calls.KEDA, frozenset({443}), {}, {NAME_LABEL: "keda"}),
    End(calls.CNPG, frozenset({443}), {}, {NAME_LABEL: "cnpg-system"}),
    End(calls.STRANGER, frozenset({80, 443, 8000}), {}, {NAME_LABEL: "default"}),
    End(calls.DNS, frozenset({53}), {"k8s-app": "kube-dns"}, {NAME_LABEL: "kube-system"}),
    End(calls.INTERNET, frozenset({80, 443, 6443}), address="203.0.113.7"),
    End(calls.PRIVATE, frozenset({443, 5432, 6443}), address="10.64.0.7"),
    End(calls.METADATA, frozenset({80, 443, 6443}), address="169.254.169.254"),
)


class Reach:
    """Who gets through to whom."""

    def __init__(self, cluster: Cluster) -> None:
        self._policies = [document["spec"] for document in cluster.all("NetworkPolicy")]
        self._ends = [*(_of(workload) for workload in cluster.workloads), *OUTSIDE]

    @cached_property
    def open(self) -> set[Call]:
        """What both sides let through."""
        return {call for call, leaves, enters in self._all() if leaves and enters}

    @cached_property
    def half_open(self) -> set[Call]:
        """What one side allows and the other does not, where both are ours: one of them is wrong, or of no use."""
        ours = {end.name for end in self._ends if end.ours}
        serving = {end.name for end in self._ends if end.is_asked}
        return {
            call
            for call, leaves, enters in self._all()
            if leaves != enters
            and {call.source, call.target} <= ours
            and not self._is_for_all(call.target)
            and (leaves or call.source in serving)
        }

    @cached_property
    def unguarded(self) -> list[str]:
        """Ours whom no policy keeps from going out, or others from coming in."""
        return [
            f"{end.name} ({direction.lower()})"
            for end in self._ends
            if end.ours
            for direction in ("Ingress", "Egress")
            if not self._policies_of(end, direction)
        ]

    def _all(self) -> Iterator[tuple[Call, bool, bool]]:
        for source in self._ends:
            for target in self._ends:
                if source.ours or target.ours:
                    for port in target.ports:
                        leaves = self._passes(source, target, port, "Egress")
                        yield (
                            Call(source.name, target.name, port),
                            leaves,
                            self._passes(target, source, port, "Ingress"),
                        )

    def _passes(self, ours: End, other: End, port: int, direction: str) -> bool:
        if not ours.ours:
            return True
        rules = [rule for policy in self._policies_of(ours, direction) for rule in policy.get(direction.lower(), ())]
        peers = "to" if direction == "Egress" else "from"
        return any(
            _has_port(rule, port) and (peers not in rule or any(_is(peer, other) for peer in rule[peers]))
            for rule in rules
        )

    def _policies_of(self, end: End, direction: str) -> list[Document]:
        return [
            policy
            for policy in self._policies
            if direction in policy["policyTypes"] and matches(policy["podSelector"], end.labels)
        ]

    def _is_for_all(self, name: str) -> bool:
        end = next(end for end in self._ends if end.name == name)
        return any(
            "from" not in rule for policy in self._policies_of(end, "Ingress") for rule in policy.get("ingress", ())
        )


def _of(workload: Workload) -> End:
    return End(
        workload.name, frozenset(workload.ports.values()), workload.labels, ours=True, is_asked=workload.kind != "Job"
    )


def _has_port(rule: Document, port: int) -> bool:
    ports = rule.get("ports")
    return ports is None or any(each.get("port", port) == port for each in ports)


def _is(peer: Document, end: End) -> bool:
    if block := peer.get("ipBlock"):
        # Addresses of pods are the cluster's to give; a rule by address is not meant for them.
        inside = bool(end.address) and ip_address(end.address) in ip_network(block["cidr"])
        return inside and not any(ip_address(end.address) in ip_network(part) for part in block.get("except", ()))
    if end.address:
        return False
    if "namespaceSelector" in peer:
        # Which labels our own namespace has is not for others to know: only the empty selector means it, too.
        if not matches(peer["namespaceSelector"], end.namespace or {}):
            return False
    elif not end.ours:
        return False
    return matches(peer["podSelector"], end.labels) if "podSelector" in peer else True
