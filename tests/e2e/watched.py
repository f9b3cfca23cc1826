"""A mesh of its own whose traces, logs and metrics somebody collects, as an operator's tools do."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_ports
from deploy.local.stack import Stack
from deploy.local.topology import MESH
from tests.conftest import AS_STARTED, SETTINGS
from tests.fakes.trace_receiver import TraceReceiver
from tests.mesh import Mesh, wait_for_taxonomy

PROCESSES = tuple(process.name for process in MESH.processes)
OWN_METRICS = {process.name: "/metrics/own/" if process.edge else "/metrics/" for process in MESH.processes}


@dataclass(frozen=True)
class Watched:
    """The mesh, and the backend that its traces go to."""

    mesh: Mesh
    traces: TraceReceiver

    def lines(self, process: str) -> list[dict[str, Any]]:
        """A process's whole log; fails for a line that is not JSON. The last may be half written yet."""
        whole, _, _ = self.mesh.log(process).rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def of_request(self, request_id: str) -> dict[str, list[dict[str, Any]]]:
        """What each process has logged of a request; processes that logged nothing of it are left out."""
        found = {
            process: [line for line in self.lines(process) if line.get("request_id") == request_id]
            for process in PROCESSES
        }
        return {process: lines for process, lines in found.items() if lines}

    async def figures(self) -> dict[str, dict[str, float]]:
        """By process, every sample that it tells of itself at this moment: `name{label=value,…}` → value."""
        addresses = self.mesh.topology["processes"]
        async with httpx.AsyncClient() as web:
            texts = {
                process: (await web.get(addresses[process]["url"] + path)).text for process, path in OWN_METRICS.items()
            }
        return {process: _samples(text) for process, text in texts.items()}


def _samples(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f"{{{key}={value}}}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Starts such a mesh, and takes it down."""
    with TraceReceiver(free_ports(1)[0]) as traces:
        # Spans are sent on soon, so that nobody waits for them.
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": traces.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        with Stack(folder, environment=AS_STARTED | SETTINGS | told, careless=True) as stack:
            wait_for_taxonomy(stack.url)
            yield Watched(Mesh(stack.data_dir), traces)
