"""Each process finds its settings, and each variable somebody who reads it."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from deploy.check.cluster import Cluster
from deploy.local.topology import MESH
from libs.common.settings import ServiceSettings

READ_ELSEWHERE: Final = {
    *("HOST", "PORT", "APP", "SERVICE_NAME", "DRAIN_SECONDS", "GRACE_SECONDS", "SERVICE_MAX_IN_FLIGHT"),
    *("AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"),
}
"""By libs/common/run.py, the Dockerfile's command, logs, and the object store's client."""


@cache
def settings_of(service: str) -> type[ServiceSettings]:
    """A service's own settings."""
    module = import_module(f"services.{service}.settings")
    made = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    return next(value for value in made if issubclass(value, ServiceSettings))


@cache
def known_settings() -> dict[str, FieldInfo]:
    """Of all services, by name in lower case."""
    return {
        name: field for process in MESH.processes for name, field in settings_of(process.service).model_fields.items()
    }


def production_has_what_it_needs(cluster: Cluster) -> Iterator[str]:
    """Reads the settings as the process will: with what it is told, and with something for each of its secrets."""
    for process in MESH.processes:
        workload = cluster.workload("Deployment", process.name)
        if workload is None:
            continue
        settings = settings_of(process.service)
        told = {name.lower(): value for name, value in cluster.environment(workload).items()}
        if told.get("environment") != "production":
            yield f"{workload} does not run for production"
        files = cluster.secret_files(workload)
        certain = {n for n, file in files.items() if file.key in cluster.secrets[file.secret]["required"]}
        for name in settings.required_in_production():
            if not told.get(name) and name not in certain:
                yield f"{workload} needs {name.upper()} in production"
        given = {name: value for name, value in told.items() if name in settings.model_fields}
        try:
            settings(**{name: "given" for name in certain if name in settings.model_fields} | given)  # type: ignore[arg-type]
        except ValidationError as error:
            for wrong in error.errors():
                yield f"{workload}: {'.'.join(map(str, wrong['loc'])).upper()} {wrong['msg']}"
        for name in files:
            if name not in settings.model_fields and not name.startswith(("aws_", "google_")):
                yield f"{workload} has a secret {name}, which it does not read"


def every_variable_is_read_by_somebody(cluster: Cluster) -> Iterator[str]:
    """A setting with a slip in its name is no setting."""
    known = {name.upper() for name in known_settings()} | READ_ELSEWHERE
    for process in MESH.processes:
        if workload := cluster.workload("Deployment", process.name):
            for name in sorted(set(cluster.environment(workload)) - known):
                yield f"{workload} is told {name}, which nobody reads"
