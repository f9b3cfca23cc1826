"""Answers containers' questions for names in place of aardvark-dns 1.4 (Debian 12), from the files that it is given.

That one loses questions whenever a container comes or goes, and sometimes does not listen on a network any more until
another one does: a name is then found after five seconds, or not at all. This one listens all the time. Standard
library only; `aardvark-dns --config FOLDER -p PORT run`, and SIGHUP when the files have changed.
"""

import os
import signal
import socket
import struct
import sys
from pathlib import Path

DOMAIN = ".dns.podman"
HEAD = struct.Struct(">HHHHHH")
PKTINFO = 8
"""IP_PKTINFO of Linux: at which address a question came in, and from which one the answer goes."""
A, IN, SECONDS = 1, 1, 0
FOUND, UNKNOWN = 0x8180, 0x8183


class Names:
    """Who is in which network: by the files of a folder, one for each network."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._networks: list[list[tuple[str, str, set[str]]]] = []
        self.read()

    def read(self) -> None:
        """A line is: id, address, address of version 6, names. The first one says where to listen."""
        networks = []
        for path in sorted(self._folder.iterdir()):
            if not path.name.startswith("aardvark"):
                lines = [line.split(" ") for line in path.read_text().splitlines()[1:]]
                networks.append([(words[0], words[1], set(words[3].split(","))) for words in lines if len(words) > 3])
        self._networks = networks

    def read_again(self) -> None:
        """A file that goes at this very moment is told of once more; until then what was known holds."""
        try:
            self.read()
        except OSError as error:
            print(f"not read: {error!r}", file=sys.stderr)

    def find(self, name: str, asker: str) -> list[str]:
        """Addresses in all networks that the asker is in as well."""
        plain = name.lower().rstrip(".").removesuffix(DOMAIN)
        askers = {one for network in self._networks for one, address, _ in network if address == asker}
        shared = [network for network in self._networks if any(one in askers for one, _, _ in network)]
        return [address for network in shared for _, address, names in network if plain in names]


def answer(question: bytes, names: Names, asker: str) -> bytes:
    """For one name, as resolvers ask."""
    number, _, count, *_ = HEAD.unpack_from(question)
    labels, at = [], HEAD.size
    while count and question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    asked = question[HEAD.size : at + 5]
    (kind,) = struct.unpack_from(">H", question, at + 1)
    addresses = names.find(".".join(labels), asker)
    # A name that is known has no address of version 6, and that is an answer.
    told = addresses if kind == A else []
    head = HEAD.pack(number, FOUND if addresses else UNKNOWN, 1, len(told), 0, 0)
    records = (struct.pack(">HHHIH", 0xC000 | HEAD.size, A, IN, SECONDS, 4) + socket.inet_aton(each) for each in told)
    return head + asked + b"".join(records)


def serve(listening: socket.socket, names: Names) -> None:
    """Until it is ended."""
    while True:
        question, extra, _, sender = listening.recvmsg(4096, socket.CMSG_SPACE(12))
        (came_to,) = (data[4:8] for _, kind, data in extra if kind == PKTINFO)
        try:
            told = answer(question, names, sender[0])
            from_there = struct.pack("=I4s4s", 0, came_to, b"\0" * 4)
            listening.sendmsg([told], [(socket.IPPROTO_IP, PKTINFO, from_there)], 0, sender)
        except (OSError, IndexError, struct.error) as error:
            print(f"{sender[0]} was not answered: {error!r}", file=sys.stderr)


def main(arguments: list[str]) -> None:
    folder = Path(arguments[arguments.index("--config") + 1])
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setsockopt(socket.IPPROTO_IP, PKTINFO, 1)
    listening.bind(("0.0.0.0", int(arguments[arguments.index("-p") + 1])))
    names = Names(folder)
    signal.signal(signal.SIGHUP, lambda number, frame: names.read_again())
    if child := os.fork():
        (folder / "aardvark.pid").write_text(str(child))
        os._exit(0)
    os.setsid()
    said = os.open(folder.parent / "names.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (sys.stdout, sys.stderr):
        os.dup2(said, descriptor.fileno())  # Whoever started it waits for these to be closed.
    serve(listening, names)


if __name__ == "__main__":
    main(sys.argv[1:])
