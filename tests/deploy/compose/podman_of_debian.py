"""Stands before podman 4.3 (Debian 12) and does what podman-compose expects of a later one.

Put as `podman` into a folder at the head of PATH, with the real program's path in PODMAN. Containers have no control
groups here, so their limits are left out; whoever runs a container's health checks in place of systemd is somebody
else (`health_rounds.py`), here they are only waited for. Standard library only.
"""

import json
import os
import subprocess
import sys
import time

REAL = os.environ["PODMAN"]
CLAIMED = "podman version 4.6.0"
LIMITS = ("--memory", "-m", "--cpus", "--pids-limit", "--health-startup-interval")
"""What control groups would do, and what a later podman knows."""
ORDER = "--requires="
"""podman-compose starts everybody in order by itself; podman 4.3 loses its way among requirements of requirements."""
NO_MORE = ("--ulimit", "nproc=20000:20000")
LOOK_SECONDS = 0.2


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--version"]:
        print(CLAIMED)
        return
    command = next((word for word in arguments if not word.startswith("-")), "")
    if command == "wait" and "--condition=healthy" in arguments:
        _wait_for_health([word for word in arguments[arguments.index("wait") + 1 :] if not word.startswith("-")])
        return
    if command in ("create", "run"):
        arguments = _without_limits(arguments)
        if "--ulimit" in arguments:
            # One that is given puts those that are configured out of force, and podman's own is above what is allowed.
            at = arguments.index("--ulimit")
            arguments[at:at] = NO_MORE
    os.execv(REAL, [REAL, *arguments])


def _without_limits(arguments: list[str]) -> list[str]:
    """Without options that are two words each, as podman-compose writes them; a container's own `-m` has no number."""
    kept: list[str] = []
    words = iter(enumerate(arguments))
    for place, word in words:
        if word in LIMITS and arguments[place + 1][:1].isdigit():
            next(words)
        elif word.startswith(ORDER):
            continue
        else:
            kept.append(word)
    return kept


def _wait_for_health(containers: list[str]) -> None:
    while not all(_is_healthy(container) for container in containers):
        time.sleep(LOOK_SECONDS)


def _is_healthy(container: str) -> bool:
    done = subprocess.run((REAL, "inspect", "--format", "{{json .State}}", container), capture_output=True, check=False)
    state = json.loads(done.stdout) if done.returncode == 0 else {}
    health = state.get("Health") or state.get("Healthcheck") or {}
    return bool(health.get("Status") == "healthy")


if __name__ == "__main__":
    main(sys.argv[1:])
