"""The mesh on one page: every process of it, and what has to be done before they start."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process: `python -m libs.common.run <app>` on a port of its own.

    schema       its schema in PostgreSQL and the role that owns it, shared by the processes of one service; None: no
                 database
    address      the environment variable by which the others find it; processes of the same one are its instances
    signs_tokens whether it gets the private key of the access tokens
    edge         whether people talk to it: it has the port of the whole stack, and goes first when the stack ends
    checkout     whose code it runs, as tests of mixed versions want it; None: this one's
    """

    name: str
    app: str
    schema: str | None
    address: str
    signs_tokens: bool = False
    edge: bool = False
    checkout: Path | None = None

    @property
    def service(self) -> str:
        """Whose process it is: the owner of the code, however many processes run it."""
        package, _, rest = self.app.partition(".")
        return rest.partition(".")[0] if package == "services" else self.schema or self.name


@dataclass(frozen=True)
class Preparation:
    """A command that must have succeeded before the processes start: `python -m <module> <arguments>`."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topology:
    """What a stack runs. Preparations run at the same time, processes start together."""

    processes: tuple[Process, ...]
    preparations: tuple[Preparation, ...] = ()

    @property
    def schemas(self) -> tuple[str, ...]:
        """Every schema once, in the order of the processes."""
        return tuple(dict.fromkeys(process.schema for process in self.processes if process.schema))


MESH = Topology(
    processes=(
        Process("users", "services.users.app:app", "users", "USERS_URL", signs_tokens=True),
        Process("animals", "services.animals.app:app", "animals", "ANIMALS_URL"),
        Process("dex", "services.dex.app:app", "dex", "DEX_URL"),
        Process("social", "services.social.app:app", "social", "SOCIAL_URL"),
        Process("vision", "services.vision.app:app", "vision", "VISION_URL"),
        Process("vision-worker", "services.vision.worker:app", "vision", "VISION_WORKER_URL"),
        Process("graph", "services.graph.app:app", "graph", "GRAPH_URL"),
        Process("gateway", "services.gateway.app:app", None, "GATEWAY_URL", edge=True),
    ),
    preparations=(
        Preparation("migrate", "libs.common.migrate", ("--all",)),
        Preparation("provision", "libs.common.provision", ("--all",)),
    ),
)
