"""What the NATS server says of itself on its monitoring port."""

import json
import urllib.request
from typing import Any, Final

from prometheus_client import CollectorRegistry, Gauge

from libs.common.logs import log

SECONDS: Final = 3


class BusServer:
    """One server; of a cluster each has an exporter of its own, or none but this one's is looked at."""

    def __init__(self, registry: CollectorRegistry, url: str) -> None:
        self._url = url.rstrip("/")

        def gauge(name: str, about: str) -> Gauge:
            return Gauge(name, about, registry=registry)

        self._up = gauge("nats_up", "1 if the server's monitoring port has answered.")
        self._healthy = gauge("nats_healthy", "1 while it has all it needs; in a cluster, also a leader.")
        self._connections = gauge("nats_connections", "Clients connected.")
        self._slow = gauge("nats_slow_consumers", "Clients cut off because they did not keep up, since its start.")
        self._memory = gauge("nats_memory_bytes", "Resident memory.")
        self._store = gauge("nats_jetstream_store_bytes", "What JetStream keeps on disk.")
        self._limit = gauge("nats_jetstream_store_limit_bytes", "What it may keep.")
        self._errors = gauge("nats_jetstream_api_errors", "Requests to JetStream that failed, since its start.")

    def look(self) -> None:
        try:
            server, streams = self._ask("/varz"), self._ask("/jsz")
        except (OSError, ValueError) as error:
            self._up.set(0)
            self._healthy.set(0)
            log.warning("exporter.no_bus", error=type(error).__name__)
            return
        self._up.set(1)
        self._healthy.set(self._is_healthy())
        self._connections.set(server["connections"])
        self._slow.set(server["slow_consumers"])
        self._memory.set(server["mem"])
        self._store.set(streams["storage"])
        self._limit.set(streams["config"]["max_storage"])
        self._errors.set(streams["api"]["errors"])

    def _is_healthy(self) -> bool:
        try:
            return bool(self._ask("/healthz").get("status") == "ok")
        except (OSError, ValueError):  # It answers with a failure, which is what is asked for.
            return False

    def _ask(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self._url + path, timeout=SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
        return found
