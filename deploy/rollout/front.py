"""The front's configuration: loaded anew when it has changed, without turning anybody away."""

import hashlib

from deploy.rollout.engine import Engine
from deploy.rollout.failure import NotDone
from deploy.rollout.place import Place
from deploy.rollout.plan import FRONT

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
