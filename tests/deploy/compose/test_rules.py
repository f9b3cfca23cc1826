"""The rules for compose.yml find what they are for: each is broken once."""

import shutil
from pathlib import Path

import pytest

from deploy.check.composed import DEPLOY, Composition
from deploy.check.composition import findings

FILES = ("compose.yml", ".env.example", "compose/postgres/postgresql.conf", "compose/nats/nats.conf")
BROKEN = [
    ("compose.yml", "  social-2:", "  social-second:", "social-2 is missing"),
    (
        "compose.yml",
        "    profiles: [standby]\n\n  dex: ",
        "    profiles: [standby]\n    mem_limit: 1g\n\n  dex: ",
        "differs",
    ),
    ("compose.yml", "social-2, vision-2", "vision-2", "social-2 is a name that nobody knows"),
    ("compose.yml", "http://dex-2:8000", "http://dex-3:8000", "DEX_URL is"),
    ("compose.yml", "      SERVICE_NAME: graph\n", "      SERVICE_NAME: graph\n      GRAHP: x\n", "which nobody reads"),
    (
        "compose.yml",
        "      SERVICE_NAME: dex\n",
        "      SERVICE_NAME: dex\n      SECRET_KEY: x\n",
        "belongs into a file",
    ),
    (
        "compose.yml",
        '["./secrets/dex:/run/secrets:ro"]\n    dep',
        '["./secrets/users:/run/secrets:ro"]\n    dep',
        "secrets of",
    ),
    ("compose.yml", "  read_only: true", "  read_only: false", "read_only is False"),
    ("compose.yml", "cap_drop: [ALL]", "cap_drop: [NET_RAW]", "cap_drop is"),
    ("compose.yml", 'user: "10001:10001"', 'user: "0:0"', "user is 0:0"),
    ("compose.yml", "  mem_limit: 384m\n  cpus: 1.0\n  ulimits", "  cpus: 1.0\n  ulimits", "has no mem_limit"),
    ("compose.yml", ', max-file: "5"', "", "never rotated"),
    ("compose.yml", "stop_grace_period: 40s", "stop_grace_period: 20s", "killed before it has left"),
    (
        "compose.yml",
        "      migrate-dex: {condition: service_completed_successfully}\n",
        "",
        "does not wait for migrate-dex",
    ),
    ("compose.yml", "  mesh: {internal: true}", "  mesh: {}", "mesh has a way out"),
    ("compose.yml", "    networks: [mesh, data, egress]", "    networks: [mesh, data]", "vision is in"),
    ("compose.yml", "library/postgres:18-", "library/postgres:17-", "postgres is 17, and only 18 is restored"),
    ("compose.yml", "    networks: [data, mesh]", "    networks: [data, mesh, egress]", "restore is in"),
    ("compose.yml", "${BIND:-127.0.0.1:8080}", "${BIND:-8080}", "open to others"),
    (
        "compose.yml",
        "    shm_size: 128m\n",
        '    shm_size: 128m\n    ports: ["127.0.0.1:5432:5432"]\n',
        "postgres can be reached",
    ),
    ("compose/postgres/postgresql.conf", "max_connections = 160", "max_connections = 100", "connections"),
    ("compose/nats/nats.conf", "max_file: 10GB", "max_file: 4GB", "does not fit"),
    (".env.example", "BACKUP_KEEP=7", "BACKUP_KEPT=7", "does not say BACKUP_KEEP"),
    (".env.example", "BACKUP_KEEP=7", "BACKUP_KEEP=7 # a week", "would be part of its value"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(DEPLOY / name, tmp_path / name)
    return tmp_path


def test_the_file_keeps_them(folder: Path) -> None:
    assert findings(Composition(folder)) == []


@pytest.mark.parametrize(("name", "good", "bad", "said"), BROKEN, ids=[each[3] for each in BROKEN])
def test_what_is_broken_is_found(folder: Path, name: str, good: str, bad: str, said: str) -> None:
    text = (folder / name).read_text()
    assert good in text
    (folder / name).write_text(text.replace(good, bad))
    assert any(said in line for line in findings(Composition(folder))), findings(Composition(folder))
