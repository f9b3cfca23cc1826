"""Everything that is named is there."""

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from deploy.check.cluster import Cluster, Document, Workload, secret_sources
from deploy.check.house.settings import known_settings

Reference = tuple[str, str]
"""Kind and name."""


def all_are_there(cluster: Cluster) -> Iterator[str]:
    used: set[str] = set()
    for workload in cluster.workloads:
        for kind, name in _named_by(workload):
            used |= {name} if kind == "ConfigMap" else set()
            if name not in _there(cluster, kind):
                yield f"{workload} needs {kind} {name}, which is not there"
        for file, source in cluster.secret_files(workload).items():
            if source.key not in cluster.keys_of(source.secret):
                yield f"{workload} needs the key {source.key} of {source.secret} as {file}; secrets.yaml has none"
    for name in cluster.names("ConfigMap") - used - _for_others(cluster):
        yield f"ConfigMap {name} is used by nobody"
    for database in cluster.all("Cluster"):
        for plugin in database["spec"].get("plugins", ()):
            store = plugin.get("parameters", {}).get("barmanObjectName")
            if store not in cluster.names("ObjectStore"):
                yield f"Cluster {database['metadata']['name']} is saved to the ObjectStore {store}, which is not there"
    for backup in cluster.all("ScheduledBackup"):
        if backup["spec"]["cluster"]["name"] not in cluster.names("Cluster"):
            yield f"ScheduledBackup {backup['metadata']['name']} saves a cluster that is not there"


def secrets_stay_outside(cluster: Cluster) -> Iterator[str]:
    """None in what git holds, none in an environment; where a store brings them, it brings all that are used."""
    for secret in cluster.all("Secret"):
        yield f"Secret {secret['metadata']['name']} would be in git"
    hidden = {name.upper() for name, field in known_settings().items() if field.annotation is SecretStr}
    for workload in cluster.workloads:
        for container in workload.containers:
            from_secrets = [source for source in container.get("envFrom", ()) if "secretRef" in source]
            from_secrets += [v for v in container.get("env", ()) if "secretKeyRef" in v.get("valueFrom", {})]
            if from_secrets:
                yield f"{workload} has secrets in its environment; files are for them"
        if told := hidden & set(cluster.environment(workload)):
            yield f"{workload} has {', '.join(sorted(told))} in its environment; files are for them"
    brought = {document["spec"]["target"]["name"] for document in cluster.all("ExternalSecret")}
    if brought:
        for name in sorted(_secrets_used(cluster) - brought):
            yield f"no ExternalSecret brings {name}"
    for name in sorted(brought - set(cluster.secrets)):
        yield f"ExternalSecret brings {name}, of which secrets.yaml knows nothing"


def _secrets_used(cluster: Cluster) -> set[str]:
    used = {name for workload in cluster.workloads for kind, name in _named_by(workload) if kind == "Secret"}
    for store in cluster.all("ObjectStore"):
        keys = store["spec"]["configuration"].get("s3Credentials", {}).values()
        used |= {key["name"] for key in keys if isinstance(key, dict) and "name" in key}
    return used


def _there(cluster: Cluster, kind: str) -> set[str]:
    return set(cluster.secrets) if kind == "Secret" else cluster.names(kind)


def _for_others(cluster: Cluster) -> set[str]:
    """ConfigMaps that somebody outside looks for by label: dashboards."""
    return {
        document["metadata"]["name"]
        for document in cluster.all("ConfigMap")
        if "grafana_dashboard" in document["metadata"].get("labels", {})
    }


def _named_by(workload: Workload) -> Iterator[Reference]:
    spec = workload.spec
    if workload.kind == "Cluster":
        if superuser := workload.document["spec"].get("superuserSecret"):
            yield "Secret", superuser["name"]
        if priority := workload.document["spec"].get("priorityClassName"):
            yield "PriorityClass", priority
        return
    yield "ServiceAccount", spec.get("serviceAccountName", "default")
    yield "PriorityClass", spec.get("priorityClassName", "none")
    for volume in spec.get("volumes", ()):
        yield from _of_volume(volume)
    for container in workload.containers:
        for source in (
            *container.get("envFrom", ()),
            *(each.get("valueFrom", {}) for each in container.get("env", ())),
        ):
            yield from _of_variables(source)


def _of_volume(volume: Document) -> Iterator[Reference]:
    sources: list[Any] = [volume, *volume.get("projected", {}).get("sources", ())]
    yield from (("ConfigMap", source["configMap"]["name"]) for source in sources if "configMap" in source)
    yield from (("Secret", source.get("secretName") or source["name"]) for source in secret_sources(volume))
    if "persistentVolumeClaim" in volume:
        yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]


def _of_variables(source: Document) -> Iterator[Reference]:
    for kind, keys in {
        "ConfigMap": ("configMapRef", "configMapKeyRef"),
        "Secret": ("secretRef", "secretKeyRef"),
    }.items():
        yield from ((kind, source[key]["name"]) for key in keys if key in source)
