"""The certificate that the front serves, where TLS ends there: readable, in time, for our name, with its key."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.operate.composed import read_compose, read_env
from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State

SOON: Final = timedelta(days=14)
LINE: Final = re.compile(r"^\s*(ssl_certificate(?:_key)?)\s+([^;\s]+)\s*;", re.MULTILINE)
LISTEN: Final = "/etc/nginx/front/listen.conf"

UNREADABLE = wrong(
    "certificate.unreadable",
    "The front is to serve a certificate that is not there or cannot be read; nginx does not start.",
    "put certificate and key where listen.conf names them",
)
EXPIRED = wrong(
    "certificate.expired",
    "The certificate is not valid (any more, or yet): no client connects.",
    "renew it, reload nginx",
)
ENDS = care(
    "certificate.ends-soon", f"The certificate ends within {SOON.days} days.", "renew it, and see why nobody has"
)
NAME = wrong(
    "certificate.other-name",
    "The certificate is not for the host of PUBLIC_BASE_URL: clients refuse it.",
    "get one for that host, or correct PUBLIC_BASE_URL",
)
KEY = wrong("certificate.other-key", "The key does not belong to the certificate.", "put in the key it was made with")
KINDS = (UNREADABLE, EXPIRED, ENDS, NAME, KEY)
FINE = "the front's certificate, if it has one, is good"


def check(installation: Installation, _state: State) -> Iterator[Finding]:
    if installation.env_file is None:
        return
    found = _files(installation.env_file.parent)
    if "ssl_certificate" not in found:
        return
    path, key_path = found["ssl_certificate"], found.get("ssl_certificate_key")
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        yield UNREADABLE.found(f"{path}: {error}".splitlines()[0])
        return
    now, until = datetime.now(UTC), certificate.not_valid_after_utc
    if not certificate.not_valid_before_utc <= now <= until:
        yield EXPIRED.found(
            f"{path.name} is valid from {certificate.not_valid_before_utc:%Y-%m-%d} to {until:%Y-%m-%d}"
        )
    elif until - now < SOON:
        yield ENDS.found(f"{path.name} ends on {until:%Y-%m-%d}")
    host = urlsplit(installation.public_url).hostname or ""
    names = _names(certificate)
    if host and not any(_covers(name, host) for name in names):
        yield NAME.found(f"{path.name} is for {', '.join(names) or 'nobody'}, not for {host}")
    if key_path is not None:
        yield from _key(certificate, key_path)


def _files(folder: Path) -> dict[str, Path]:
    """The files that the front's listen.conf names, where they lie on this host."""
    project = read_compose(folder, read_env(folder / ".env"))
    front = project.services.get("front") if project else None
    mounted = {target: source for source, target in front.volumes} if front else {}
    try:
        text = mounted[LISTEN].read_text()
    except (KeyError, OSError):
        return {}
    found = {}
    for name, inside in LINE.findall(text):
        for target, source in mounted.items():
            if inside.startswith(f"{target}/"):
                found[name] = source / inside.removeprefix(f"{target}/")
    return found


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [
        *names.get_values_for_type(x509.DNSName),
        *(str(address) for address in names.get_values_for_type(x509.IPAddress)),
    ]


def _covers(name: str, host: str) -> bool:
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


def _key(certificate: x509.Certificate, path: Path) -> Iterator[Finding]:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        yield UNREADABLE.found(f"{path}: {error}".splitlines()[0])
        return
    if key.public_key() != certificate.public_key():
        yield KEY.found(f"{path.name} is not the key of the certificate")
