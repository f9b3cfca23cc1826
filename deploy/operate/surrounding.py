"""An installation by variables and secret files: how the container `commands` and a pod of a cluster see it.

`USERS_URL` … `GATEWAY_URL`, `VISION_WORKER_URL` (lists for several instances), `<SERVICE>_DATABASE_URL` or
`ADMIN_DATABASE_URL`, `NATS_URL` (the administrator's), `NATS_MONITOR_URL`, `BLOB_URL`, `BACKUP_DIR`, `BACKUP_SPOOL`,
`PUBLIC_BASE_URL`: each by the environment, else by the file of its name in lower case.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy.local.roles import DATABASE
from deploy.local.topology import MESH
from deploy.operate.installation import Installation, Process
from libs.common.instances import split
from libs.common.secret_files import given

ADDRESSES = tuple(dict.fromkeys(process.address for process in MESH.processes))


def is_told() -> bool:
    """Whether the environment says where processes are; one service's own environment names its neighbors only."""
    return all(os.environ.get(name) for name in ("GATEWAY_URL", "USERS_URL", "GRAPH_URL"))


def surrounding() -> Installation:
    """What the environment names, as running."""
    admin = given("ADMIN_DATABASE_URL")
    found = {name: given(f"{name.upper()}_DATABASE_URL") or _as_administrator(admin, name) for name in MESH.schemas}
    backups, spool = os.environ.get("BACKUP_DIR"), os.environ.get("BACKUP_SPOOL")
    return Installation(
        "environment",
        "what the environment names",
        runs=True,
        processes=tuple(_processes()),
        databases={name: url for name, url in found.items() if url},
        bus=given("NATS_URL"),
        bus_monitor=given("NATS_MONITOR_URL").rstrip("/"),
        public_url=given("PUBLIC_BASE_URL"),
        blobs=given("BLOB_URL"),
        backups=Path(backups) if backups else None,
        spool=Path(spool) if spool else None,
    )


def _as_administrator(admin_url: str, schema: str) -> str:
    """A service's schema for whoever may look into all of them."""
    if not admin_url:
        return ""
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{DATABASE}", query=f"search_path={schema}"))


def _processes() -> Iterator[Process]:
    for process in MESH.processes:
        urls = split(os.environ.get(process.address, ""))
        for number, url in enumerate(urls, start=1):
            name = f"{process.name}-{number}" if number > 1 or (process.edge and len(urls) > 1) else process.name
            # All gateways of a list are there for good; a second of another is there while a deploy replaces the first.
            yield Process(name, process.service, url, spare=number > 1 and not process.edge)
