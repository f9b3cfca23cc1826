"""The front: its configuration, loaded anew without turning anybody away, and whom it reaches."""

import hashlib
import time
from typing import Final

from deploy.rollout.engine import Engine
from deploy.rollout.failure import NotDone
from deploy.rollout.interruption import Interruption
from deploy.rollout.place import Place
from deploy.rollout.plan import FRONT

REACHED_SECONDS: Final = 90.0
"""A host goes on sending to the hardware address that an address had for up to 45 s, and asks for 8 s more (ARP)."""
ASK = ("wget", "-q", "-T", "3", "-O", "/dev/null")
CHECK = ("nginx", "-t", "-q", "-p", "/run/front", "-c", "/etc/nginx/front/nginx.conf")


def digest(place: Place) -> str:
    """Of all files that the front is configured by; empty where there are none."""
    files = sorted(place.front_configuration.glob("*.conf"))
    whole = hashlib.sha256()
    for path in files:
        whole.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()[:16] if files else ""


def reload(engine: Engine) -> None:
    """What is being answered is finished by the old configuration.

    Raises:
        NotDone: nginx does not take the new one. The old one stays.
    """
    front = engine.container(FRONT)
    if front is None:
        raise NotDone("the front does not run")
    engine.execute(front, *CHECK)
    engine.signal(front, "HUP")


def wait_until_reached(engine: Engine, gateway: str, ending: Interruption) -> None:
    """Until the front gets through to a gateway that has come to its address anew; nothing where no front runs.

    Raises:
        NotDone: it never does.
    """
    front = engine.container(FRONT)
    until = time.monotonic() + REACHED_SECONDS
    while front and front.is_running and not engine.succeeds(front, *ASK, f"http://{gateway}:8000/health/"):
        if time.monotonic() > until:
            raise NotDone(f"the front does not reach {gateway}, which is ready")
        ending.pause()
