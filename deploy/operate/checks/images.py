"""Images: what runs is what deploy/.env says."""

from collections.abc import Iterator, Mapping

from deploy.operate.composed import read_compose, read_env
from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.rollout.containers import Container

DIFFER = wrong(
    "images.differ",
    "A container runs another image than deploy/.env and compose.yml name: a change was not deployed.",
    "./bdx deploy brings up what is written; or write what runs",
)
STOPPED = wrong(
    "images.not-running",
    "A container of the project has stopped.",
    "docker compose logs <service>, then docker compose up -d",
)
RESTARTS = care(
    "images.restarts",
    "A container was started again by itself, several times.",
    "docker compose logs <service>: what did it say last?",
)
KINDS = (DIFFER, STOPPED, RESTARTS)
FINE = "what runs is what is written"
MANY = 3


def check_containers(installation: Installation, containers: Mapping[str, Container]) -> Iterator[Finding]:
    """By the name of their service in compose.yml."""
    if installation.env_file is None:
        return
    folder = installation.env_file.parent
    project = read_compose(folder, read_env(installation.env_file))
    for name, container in containers.items():
        written = project.services[name].image if project and name in project.services else ""
        if written and _plain(container.image) != _plain(written):
            yield DIFFER.found(f"{name} runs {container.image}, written is {written}")
        if not container.is_running and container.exit_code != 0:
            yield STOPPED.found(f"{name} has ended with {container.exit_code}")
        elif container.restarts >= MANY:
            yield RESTARTS.found(f"{name} was started again {container.restarts} times")


def _plain(reference: str) -> str:
    """podman writes `localhost/` before what has no registry, and both add what is missing of docker.io's names."""
    plain = reference.removeprefix("localhost/").removeprefix("docker.io/").removeprefix("library/")
    return plain if ":" in plain.rpartition("/")[2] or "@" in plain else f"{plain}:latest"
