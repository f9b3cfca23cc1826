"""The certificate that the front is to serve, as files of the project."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from deploy.operate.tests.project import Project

LISTEN = """\
listen 8080 ssl default_server;
ssl_certificate /etc/nginx/certificates/fullchain.pem;
ssl_certificate_key /etc/nginx/certificates/privkey.pem;
"""
HOST = "dex.mueller.de"


def write_certificate(folder: Path, *, host: str = HOST, days: float = 90) -> EllipticCurvePrivateKey:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, SHA256())
    )
    folder.mkdir(exist_ok=True)
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    write_key(folder, key)
    return key


def write_key(folder: Path, key: EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "privkey.pem").write_bytes(pem)


@pytest.fixture
def certificates(project: Project) -> Path:
    folder = project.folder / "certificates"
    (project.folder / "tls.conf").write_text(LISTEN)
    project.say("FRONT_LISTEN=./tls.conf\nCERTIFICATES=./certificates\n")
    write_certificate(folder)
    return folder


def test_a_good_one(project: Project, certificates: Path) -> None:
    assert project.found() == []


def test_one_for_all_names_below(project: Project, certificates: Path) -> None:
    write_certificate(certificates, host="*.mueller.de")
    assert project.found() == []


@pytest.mark.parametrize(
    ("days", "found"), [(-1, "certificate.expired"), (3, "certificate.ends-soon"), (13, "certificate.ends-soon")]
)
def test_its_end(project: Project, certificates: Path, days: float, found: str) -> None:
    write_certificate(certificates, days=days)
    assert project.found() == [found]


def test_another_name(project: Project, certificates: Path) -> None:
    write_certificate(certificates, host="www.mueller.de")
    assert project.found() == ["certificate.other-name"]


def test_another_key(project: Project, certificates: Path) -> None:
    write_key(certificates, generate_private_key(SECP256R1()))
    assert project.found() == ["certificate.other-key"]


@pytest.mark.parametrize("name", ["fullchain.pem", "privkey.pem"])
def test_a_file_that_is_missing(project: Project, certificates: Path, name: str) -> None:
    (certificates / name).unlink()
    assert project.found() == ["certificate.unreadable"]
