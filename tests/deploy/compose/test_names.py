"""Names are answered to whoever shares a network with the one that is asked for, and to nobody else."""

import socket
import struct
from pathlib import Path

from tests.deploy.compose.aardvark_of_debian import HEAD, Names, answer

A, AAAA = 1, 28
KNOWN, NO_SUCH_NAME = 0, 3
MESH = "10.89.1.1\nx1 10.89.1.6  biologidex_dex_1,dex,x1\nx2 10.89.1.2  nats,dex-2\nx3 10.89.1.4  gateway-1\n"
EDGE = "172.30.77.1\nx3 172.30.77.11  gateway-1\nx4 172.30.77.10  front\n"


def asked(name: str, kind: int, asker: str, folder: Path) -> tuple[int, list[str]]:
    """The code of the answer, and its addresses."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = HEAD.pack(7, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)
    told = answer(question, Names(folder), asker)
    number, flags, _, count, _, _ = HEAD.unpack_from(told)
    assert number == 7
    assert told[HEAD.size :].startswith(question[HEAD.size :])
    return flags & 15, [socket.inet_ntoa(told[len(question) + 16 * each + 12 :][:4]) for each in range(count)]


def test_names(tmp_path: Path) -> None:
    (tmp_path / "mesh").write_text(MESH)
    (tmp_path / "edge").write_text(EDGE)
    (tmp_path / "aardvark.pid").write_text("7")
    assert asked("dex", A, "10.89.1.4", tmp_path) == (KNOWN, ["10.89.1.6"])
    assert asked("dex-2.dns.podman", A, "172.30.77.11", tmp_path) == (KNOWN, ["10.89.1.2"])
    assert asked("gateway-1", A, "10.89.1.4", tmp_path) == (KNOWN, ["172.30.77.11", "10.89.1.4"])
    assert asked("dex", AAAA, "10.89.1.4", tmp_path) == (KNOWN, [])
    assert asked("dex", A, "172.30.77.10", tmp_path) == (NO_SUCH_NAME, [])
    assert asked("nobody", A, "10.89.1.4", tmp_path) == (NO_SUCH_NAME, [])
