"""The restricted profile of pod security, and somewhat more."""

from collections.abc import Iterator
from typing import Final

from deploy.check.cluster import Cluster, Document

USER: Final = 10001
VOLUMES: Final = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}
RESTRICTED: Final = "pod-security.kubernetes.io/"


def they_are_restricted(cluster: Cluster) -> Iterator[str]:
    for namespace in cluster.all("Namespace"):
        for mode in ("enforce", "audit", "warn"):
            if namespace["metadata"].get("labels", {}).get(RESTRICTED + mode) != "restricted":
                yield f"Namespace {namespace['metadata']['name']} does not {mode} the restricted profile"
    for workload in cluster.workloads:
        if not workload.spec:
            continue
        for wrong in (*_of_pod(workload.spec), *(w for each in workload.containers for w in _of_container(each))):
            yield f"{workload}: {wrong}"
        if workload.serves and not workload.spec.get("topologySpreadConstraints"):
            yield f"{workload}: is not spread over nodes"


def jobs_come_to_an_end(cluster: Cluster) -> Iterator[str]:
    for job in cluster.all("Job"):
        for name in ("backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
            if name not in job["spec"]:
                yield f"Job {job['metadata']['name']} has no {name}"


def _of_pod(spec: Document) -> Iterator[str]:
    context = spec.get("securityContext", {})
    if not context.get("runAsNonRoot") or context.get("runAsUser") != USER:
        yield f"does not run as {USER}"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if spec.get("automountServiceAccountToken") is not False:
        yield "gets a token of the cluster"
    if spec.get("enableServiceLinks") is not False:
        yield "gets the addresses of all services as variables, which are settings of ours (USERS_PORT …)"
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield f"has {name}"
    for volume in spec.get("volumes", ()):
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUMES:
            yield f"has a volume of the kind {', '.join(kinds - VOLUMES)}"
        if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
            yield f"its volume {volume['name']} may fill the node's disk"


def _of_container(container: Document) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield "may gain privileges"
    if context.get("capabilities", {}).get("drop") != ["ALL"] or context.get("capabilities", {}).get("add"):
        yield "keeps capabilities"
    if not context.get("readOnlyRootFilesystem"):
        yield "may write to its image"
    if context.get("runAsUser", USER) != USER or context.get("runAsNonRoot") is False:
        yield f"a container does not run as {USER}"
    resources = container.get("resources", {})
    asked, limit = resources.get("requests", {}), resources.get("limits", {})
    if "cpu" not in asked or "memory" not in asked:
        yield "does not say what it needs"
    if asked.get("memory") != limit.get("memory"):
        yield "its memory may be taken away: request and limit differ"
    if "cpu" in limit:
        yield "is slowed down by a limit of CPU"
