"""Rights on the bus: those that the server reads are those that the code needs (docs/decisions/0013)."""

from collections.abc import Iterator

from deploy.local.nats import AUTHORIZATION, PLACE_OF_A_PASSWORD
from deploy.operate.findings import Finding, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State
from libs.common.bus_permissions import authorization

PERMISSIONS = wrong(
    "bus.permissions-outdated",
    "The rights that the server reads are not those of the code: a service may be refused what it needs.",
    "./bdx bus permissions > deploy/nats/authorization.conf, then restart nats",
)
KINDS = (PERMISSIONS,)
FINE = "everybody's rights on the bus are those that the code needs"


def check(installation: Installation, _state: State) -> Iterator[Finding]:
    if AUTHORIZATION.exists() and AUTHORIZATION.read_text() != authorization():
        yield PERMISSIONS.found(f"{AUTHORIZATION.name} differs from what the handlers and events need")
    conf = installation.data_dir / "nats" / "nats.conf" if installation.data_dir else None
    if (
        installation.runs
        and conf
        and conf.exists()
        and _without_passwords(authorization()) not in _without_passwords(conf.read_text())
    ):
        yield PERMISSIONS.found(
            "the server was started with other rights than the code's", "restart the stack; it writes them anew"
        )


def _without_passwords(text: str) -> str:
    plain = PLACE_OF_A_PASSWORD.sub(r"user: \1", text)
    return "\n".join(
        line.partition(", password:")[0] for line in plain.splitlines() if line.strip() and not line.startswith("#")
    )
