"""`python -m deploy.exporter --backups FOLDER --disk NAME=FOLDER --nats URL …`: what no service can see.

When backups last succeeded, how much room there is, and what the bus says of itself. Looked at every fifteen seconds,
never by a scrape.
"""

import argparse
import signal
import threading
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server

from deploy.exporter.backups import Backups
from deploy.exporter.bus import BusServer
from deploy.exporter.certificate import Certificate
from deploy.exporter.disks import Disks
from libs.common.logs import configure_logs, log

EVERY_SECONDS: Final = 15.0
PORT: Final = 9105


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.exporter", description=__doc__)
    parser.add_argument("--backups", type=Path, help="the folder of backups (BACKUP_DIR)")
    parser.add_argument("--disk", action="append", default=[], type=_disk, metavar="NAME=FOLDER", help="repeatable")
    parser.add_argument("--nats", help="the monitoring port of the bus, http://nats:8222")
    parser.add_argument("--certificate", type=Path, help="the certificate that the front shows")
    parser.add_argument("--host", default="0.0.0.0", help="where it listens")
    parser.add_argument("--port", type=int, default=PORT)
    given = parser.parse_args()
    configure_logs("exporter")
    over = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda number, frame: over.set())
    registry = CollectorRegistry()
    looking: list[Disks | BusServer | Certificate] = [Disks(registry, dict(given.disk))]
    if given.backups:
        registry.register(Backups(given.backups))
    if given.nats:
        looking.append(BusServer(registry, given.nats))
    if given.certificate:
        looking.append(Certificate(registry, given.certificate))
    for one in looking:
        one.look()
    server, thread = start_http_server(given.port, given.host, registry)
    log.info("exporter.listens", port=given.port)
    while not over.wait(EVERY_SECONDS):
        for one in looking:
            one.look()
    server.shutdown()
    server.server_close()
    thread.join()


def _disk(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if not name or not folder:
        raise argparse.ArgumentTypeError("NAME=FOLDER is wanted")
    return name, Path(folder)


if __name__ == "__main__":
    main()
