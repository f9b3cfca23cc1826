"""How much room there is where something is kept."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from libs.common.logs import log


class Disks:
    """By name, the disk that each folder is on. One that cannot be looked at is told of no more."""

    def __init__(self, registry: CollectorRegistry, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        self._free = Gauge("disk_free_bytes", "Room left.", ["disk"], registry=registry)
        self._size = Gauge("disk_bytes", "All the room.", ["disk"], registry=registry)

    def look(self) -> None:
        for name, folder in self._folders.items():
            try:
                usage = shutil.disk_usage(folder)
            except OSError as error:
                log.warning("exporter.no_disk", disk=name, error=error.strerror)
                self._free.remove_by_labels({"disk": name})
                self._size.remove_by_labels({"disk": name})
                continue
            self._free.labels(name).set(usage.free)
            self._size.labels(name).set(usage.total)
