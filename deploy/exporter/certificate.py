"""Until when a certificate is valid, of the file that the front uses."""

from pathlib import Path

from cryptography.x509 import load_pem_x509_certificate
from prometheus_client import CollectorRegistry, Gauge

from libs.common.logs import log


class Certificate:
    """A file that cannot be read is told as one that has ended: it must not look fine."""

    def __init__(self, registry: CollectorRegistry, file: Path) -> None:
        self._file = file
        self._ends = Gauge("certificate_expiry_timestamp_seconds", "Until when it is valid.", registry=registry)

    def look(self) -> None:
        try:
            certificate = load_pem_x509_certificate(self._file.read_bytes())
        except (OSError, ValueError) as error:
            log.warning("exporter.no_certificate", error=type(error).__name__)
            self._ends.set(0)
            return
        self._ends.set(certificate.not_valid_after_utc.timestamp())
