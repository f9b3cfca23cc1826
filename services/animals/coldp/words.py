"""The words of a catalogue in the words of the taxonomy: status, code, environment, threat (contract B11). Pure."""

from functools import lru_cache
from typing import Final

STATUSES: Final = {
    "accepted": "accepted",
    "provisionally accepted": "provisional",
    "synonym": "synonym",
    "ambiguous synonym": "ambiguous",
    "misapplied": "misapplied",
}
DOUBTFUL: Final = "doubtful"
CODES: Final = {"zoological": "iczn", "botanical": "icn", "bacterial": "icnp", "virus": "ictv"}
ENVIRONMENTS: Final = {
    "marine": "marine",
    "terrestrial": "terrestrial",
    "freshwater": "freshwater",
    "brackish": "marine",
}
IUCN: Final = {
    "extinct": "EX",
    "extinct in the wild": "EW",
    "critically endangered": "CR",
    "endangered": "EN",
    "vulnerable": "VU",
    "near threatened": "NT",
    "least concern": "LC",
    "data deficient": "DD",
    "not evaluated": "NE",
}
TRUE: Final = frozenset({"true", "1", "yes", "t"})


@lru_cache(maxsize=1000)
def status(text: str) -> str:
    """accepted, provisional, synonym, ambiguous, misapplied; doubtful for everything else."""
    return STATUSES.get(_plain(text), DOUBTFUL)


@lru_cache(maxsize=1000)
def code(text: str) -> str:
    """The nomenclatural code: iczn, icn, icnp, ictv; empty for an unknown one."""
    return CODES.get(_plain(text), "")


@lru_cache(maxsize=10_000)
def environments(text: str) -> tuple[str, ...]:
    """Of a list with commas those that are kept, each once."""
    words = (ENVIRONMENTS.get(_plain(word)) for word in text.split(","))
    return tuple(dict.fromkeys(word for word in words if word))


@lru_cache(maxsize=1000)
def rank(text: str) -> str:
    """In small letters; nothing for `unranked`."""
    plain = _plain(text)
    return "" if plain == "unranked" else plain[:40]


@lru_cache(maxsize=1000)
def threat(text: str) -> str:
    """The IUCN code for its name or itself; other words as they are."""
    plain = _plain(text)
    return IUCN.get(plain) or (text.strip().upper() if plain.upper() in IUCN.values() else text.strip())


@lru_cache(maxsize=1000)
def relation(text: str) -> str:
    """`SPELLING_CORRECTION` and `spelling correction` are one."""
    return _plain(text)[:50]


def is_true(text: str) -> bool:
    return text.strip().lower() in TRUE


def country(text: str) -> str:
    """Two letters, or nothing."""
    plain = text.strip().upper()
    return plain if len(plain) == 2 and plain.isascii() and plain.isalpha() else ""


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").split())
