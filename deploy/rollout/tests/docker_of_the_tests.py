#!/usr/bin/env python3
"""Plays `docker` with `docker compose` for one project: keeps containers in a file, and writes down who serves.

Put as `docker` at the head of PATH. STAGE names its folder: project.json (services of compose.yml), images.json (what
an image does: {"ready": bool, "exits": bool, "fails": "migrate"}), and, written here, containers.json, calls.jsonl and
gaps (a moment at which nobody served, or one was found who was not ready). Standard library only, and started often.
"""

import json
import os
import re
import sys
from pathlib import Path

STAGE = Path(os.environ["STAGE"])
PROJECT = "biologidex"
SERVICES = ("users", "animals", "dex", "social", "vision", "graph")
SETTING = re.compile(r"\$\{([A-Z_0-9]+)(?::?[-?]([^{}$]*))?\}")
NEW, FOUND = {"status": "created", "running": False}, ("mesh", "edge")


def main(words: list[str]) -> int:
    containers = read("containers.json", {})
    with (STAGE / "calls.jsonl").open("a") as file:
        file.write(json.dumps(words) + "\n")
    try:
        return compose(words[1:], containers) if words[0] == "compose" else engine(words, containers)
    finally:
        (STAGE / "containers.json").write_text(json.dumps(containers))
        look(containers)


def compose(words: list[str], containers: dict) -> int:
    options = {"-p": "", "-f": "", "--env-file": "", "--profile": ""}
    while words and words[0] in options:
        options[words[0]] = words[1]
        words = words[2:]
    if words[0] == "version":
        return 0
    services = filled(read("project.json", {}), options["--env-file"])
    if words[0] == "config":
        print(json.dumps({"services": services}))
        return 0
    service = words[-1]
    image = services[service]["image"]
    if words[0] == "pull":
        known = read("images.json", {})
        known.update({services[name]["image"]: {"ready": True} for name in words[1:]})
        (STAGE / "images.json").write_text(json.dumps(known))
        return 0
    if words[0] == "run":
        if known_image(image).get("fails") == service.partition("-")[0]:
            print("relation does not fit", file=sys.stderr)
            return 1
        return 0
    if any(each["service"] == service for each in containers.values()):
        print(f"{service} is there already", file=sys.stderr)
        return 1
    number = max((int(name) for name in containers), default=0) + 1
    networks = services[service].get("networks", [])
    containers[str(number)] = {"service": service, "image": image, "networks": list(networks), **NEW}
    return 0


def engine(words: list[str], containers: dict) -> int:
    name, last = words[0], words[-1]
    if name == "ps":
        wanted = next((word.rpartition("=")[2] for word in words if "compose.service=" in word), None)
        print("\n".join(each for each, told in containers.items() if told["service"] == wanted))
    elif name == "image":
        return 0 if last in read("images.json", {}) else 1
    elif name == "inspect":
        print(json.dumps([inspected(each, containers[each]) for each in words[1:]]))
    elif name == "start":
        exits = known_image(containers[last]["image"]).get("exits")
        containers[last].update(status="exited" if exits else "running", running=not exits)
    elif name == "stop":
        containers[last].update(status="exited", running=False)
    elif name == "rm":
        del containers[last]
    elif name == "network":
        network = words[-2].removeprefix(f"{PROJECT}_")
        networks = containers[last]["networks"]
        networks.remove(network) if words[1] == "disconnect" else networks.append(network)
    elif name == "exec" and "-c" in words[2:4]:
        told = containers[words[1]]
        if not told["running"]:
            return 1
        if last == "/metrics/":
            print(json.dumps([200, (STAGE / "metrics").read_text()]))
        else:
            print(json.dumps([200 if is_ready(told) else 503, json.dumps({"error": "database not migrated"})]))
    elif name == "exec" and words[2] == "wget":
        asked = last.split("/")[2].partition(":")[0]
        told = next(each for each in containers.values() if each["service"] == asked)
        return 0 if known_image(told["image"]).get("reached", True) else 1
    elif name == "logs":
        print("the last words")
    return 0


def look(containers: dict) -> None:
    """Writes down what players would notice."""
    found = [told for told in containers.values() if told["running"] and told["networks"]]
    serving = {told["service"] for told in found if is_ready(told) and set(told["networks"]) & set(FOUND)}
    gaps = [name for name in SERVICES if not serving & {name, f"{name}-2"}]
    gaps += [] if serving & {"gateway-1", "gateway-2"} else ["gateway"]
    for told in found:
        network = "edge" if told["service"].startswith("gateway") else "mesh"
        if network in told["networks"] and not is_ready(told):
            gaps.append(f"{told['service']} is found and not ready")
    if gaps and (STAGE / "gaps").exists():
        with (STAGE / "gaps").open("a") as file:
            file.write(f"{gaps}\n")


def inspected(number: str, told: dict) -> dict:
    published = {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": os.environ["FRONT_PORT"]}]}
    return {
        "Id": number,
        "Created": number,
        "Config": {"Image": told["image"]},
        "State": {"Running": told["running"], "Status": told["status"], "ExitCode": 3},
        "NetworkSettings": {
            "Networks": {f"{PROJECT}_{network}": {"IPAddress": "172.30.0.9"} for network in told["networks"]},
            "Ports": published if told["service"] == "front" else {},
        },
    }


def is_ready(told: dict) -> bool:
    return bool(known_image(told["image"]).get("ready", True))


def known_image(name: str) -> dict:
    return read("images.json", {}).get(name, {})


def filled(value: object, env_file: str) -> dict:
    lines = Path(env_file).read_text().splitlines() if env_file else []
    given = dict(line.partition("=")[::2] for line in lines if "=" in line and not line.startswith("#")) | os.environ
    text, before = json.dumps(value), ""
    while text != before:
        before, text = text, SETTING.sub(lambda found: given.get(found[1]) or found[2] or "", text)
    return json.loads(text)


def read(name: str, nothing: dict) -> dict:
    path = STAGE / name
    return json.loads(path.read_text()) if path.exists() else nothing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
