"""What no service can see, as Prometheus gets it."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client.parser import text_string_to_metric_families

from deploy.backup.archiving import Archiving, Spool
from deploy.backup.shelf import Shelf
from deploy.backup.told import FOLDER, tell
from deploy.local.nats import Nats
from deploy.local.ports import free_ports

Figures = dict[str, float]


@contextmanager
def exporting(*arguments: str) -> Iterator[str]:
    """An exporter of its own process; gives the address of its figures."""
    (port,) = free_ports(1)
    command = (sys.executable, "-m", "deploy.exporter", "--host", "127.0.0.1", "--port", str(port), *arguments)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/metrics"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def figures(url: str) -> Figures:
    """All samples by name and labels; waits for the exporter to listen."""
    limit = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                text = answer.read().decode()
            break
        except OSError:
            assert time.monotonic() < limit
            time.sleep(0.05)
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_backups_and_disks(tmp_path: Path) -> None:
    began = time.time()
    tell(tmp_path, "backup", bytes=12_345_678_901)
    tell(tmp_path, "drill", rpo_seconds=1.5, rto_seconds=41)
    (tmp_path / FOLDER / "odd.prom").write_text("this is { no figure\n")
    with exporting("--backups", str(tmp_path), "--disk", f"here={tmp_path}", "--disk", "away=/no/such/folder") as url:
        told = figures(url)
    assert began <= told["backup_last_success_timestamp_seconds"] <= time.time()
    assert told["backup_bytes"] == 12_345_678_901
    assert (told["drill_rpo_seconds"], told["drill_rto_seconds"]) == (1.5, 41)
    assert "archive_last_success_timestamp_seconds" not in told
    assert 0 < told["disk_free_byteshere"] < told["disk_byteshere"]
    assert "disk_bytesaway" not in told


def test_the_archive_tells_that_it_works_and_nothing_when_it_does_not(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    shelf, spool = Shelf(tmp_path / "shelf"), Spool(tmp_path / "spool")
    shelf.set_up()
    spool.keep()
    told = shelf.path / FOLDER / "archive.prom"
    Archiving(spool, shelf, None).ship()
    assert not told.exists(), "nobody has said whose backups these are: the disk may not be there"
    shelf.claim(1)
    Archiving(spool, shelf, None).ship()
    assert told.read_text().startswith("# TYPE archive_last_success_timestamp_seconds gauge\n")


def test_the_bus_and_its_absence(tmp_path: Path) -> None:
    port, monitor = free_ports(2)
    nats = Nats(tmp_path / "nats", port, monitor, "secret", tmp_path / "log", dict(os.environ))
    nats.configure()
    server = nats.program().start()
    try:
        limit = time.monotonic() + 30
        while not nats.answers():
            assert time.monotonic() < limit
            time.sleep(0.05)
        with exporting("--nats", f"http://127.0.0.1:{monitor}") as url:
            told = figures(url)
    finally:
        server.terminate()
        server.wait(10)
    assert (told["nats_up"], told["nats_healthy"]) == (1, 1)
    assert told["nats_jetstream_store_limit_bytes"] > 0
    assert told["nats_memory_bytes"] > 0
    assert told["nats_slow_consumers"] == 0
    with exporting("--nats", f"http://127.0.0.1:{monitor}") as url:
        told = figures(url)
    assert (told["nats_up"], told["nats_healthy"]) == (0, 0)


def test_the_end_of_a_certificate(tmp_path: Path) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(end - timedelta(days=90))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "front.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    with exporting("--certificate", str(file)) as url:
        assert figures(url)["certificate_expiry_timestamp_seconds"] == end.timestamp()
    with exporting("--certificate", str(tmp_path / "none.pem")) as url:
        assert figures(url)["certificate_expiry_timestamp_seconds"] == 0
