"""The figures that backups have left beside them (deploy/backup/told.py), as they are."""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from deploy.backup.told import FOLDER
from libs.common.logs import log


class Backups(Collector):
    """Reads the files when asked: they are few and small. What has never succeeded has no figure."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER

    def collect(self) -> Iterable[Metric]:
        for path in sorted(self._folder.glob("*.prom")):
            try:
                yield from list(text_string_to_metric_families(path.read_text()))
            except (OSError, ValueError) as error:
                log.warning("exporter.unreadable", file=path.name, error=type(error).__name__)
