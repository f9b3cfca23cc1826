"""Catalogues that nobody has written: deterministic ColDP zips of any size, made without holding one in memory."""

import itertools
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

Key = Callable[[], str]
SYLLABLES = [first + second for first in "bcdfghklmnprstvz" for second in ("a", "e", "i", "o", "u", "ar", "en", "is")]
ENDINGS = ("us", "a", "um", "is", "ensis", "oides", "atus", "icus", "ella", "ina")
ADJECTIVES = ("spotted", "great", "lesser", "golden", "masked", "dwarf", "northern", "river", "banded", "pale")
NOUNS = ("hare", "beetle", "frog", "finch", "moth", "shrimp", "viper", "vole", "snail", "crab", "perch", "wasp")
THREATS = ("LC", "LC", "LC", "NT", "VU", "Endangered", "CR", "DD")
EPITHETS = 60_000
CLASSES, ORDERS, FAMILIES, GENERA = 20, 10, 20, 25
COLUMNS = (
    *("ID", "parentID", "status", "rank", "scientificName", "authorship"),
    *("kingdom", "phylum", "class", "order", "family", "genus"),
    *("genericName", "specificEpithet", "infraspecificEpithet", "code", "extinct", "environment"),
)


class Usage(NamedTuple):
    """A line of NameUsage.tsv, as far as it differs."""

    key: str
    parent: str
    status: str
    rank: str
    name: str
    places: tuple[str, ...] = ()


def write_coldp(path: Path, names: int, *, seed: int = 2026) -> None:
    """Writes a zip with exactly `names` name usages, a twelfth of them with common names, some with more."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.writestr("metadata.yaml", f"title: Generated catalogue\nversion: generated-{names}-{seed}\n")
        _write(packed, "NameUsage.tsv", COLUMNS, (_usage(usage) for usage in usages(names, seed)))
        _write(
            packed,
            "VernacularName.tsv",
            ("taxonID", "name", "language", "country", "preferred"),
            _common_names(names, seed),
        )
        _write(packed, "NameRelation.tsv", ("nameID", "relatedNameID", "type"), _relations(names, seed))
        _write(
            packed,
            "Distribution.tsv",
            ("taxonID", "areaID", "area", "gazetteer", "establishmentMeans", "threatStatus"),
            _distributions(names, seed),
        )


def usages(names: int, seed: int) -> Iterator[Usage]:
    """The names: higher taxa before what is below them, a sixth of the species with a synonym."""
    return itertools.islice(_endless(random.Random(seed)), names)


def _endless(chance: random.Random) -> Iterator[Usage]:
    numbers = itertools.count(1)

    def key() -> str:
        number, text = next(numbers), ""
        while number:
            number, digit = divmod(number, 36)
            text = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + text
        return text

    epithets = [_word(chance, 2) + chance.choice(ENDINGS) for _ in range(EPITHETS)]
    kingdom = Usage(key(), "", "accepted", "kingdom", "Animalia", ("Animalia",))
    yield kingdom
    for number in itertools.count():
        above = Usage(key(), kingdom.key, "accepted", "phylum", _title(chance, f"{_letters(number)}ozoa"))
        above = above._replace(places=(*kingdom.places, above.name))
        yield above
        yield from _below(above, ("class", "order", "family", "genus"), key, chance, epithets)


def _below(
    above: Usage, ranks: tuple[str, ...], key: Key, chance: random.Random, epithets: list[str]
) -> Iterator[Usage]:
    rank, *finer = ranks
    counts = {"class": CLASSES, "order": ORDERS, "family": FAMILIES, "genus": GENERA}
    endings = {"class": "oidea", "order": "iformes", "family": "idae", "genus": ""}
    for _ in range(counts[rank]):
        usage = Usage(key(), above.key, "accepted", rank, _title(chance, endings[rank]))
        usage = usage._replace(places=(*above.places, usage.name))
        yield usage
        if finer:
            yield from _below(usage, tuple(finer), key, chance, epithets)
        else:
            yield from _species(usage, key, chance, epithets)


def _species(genus: Usage, key: Key, chance: random.Random, epithets: list[str]) -> Iterator[Usage]:
    for _ in range(chance.randint(1, 14)):
        # Some epithets are everywhere, most are rare.
        epithet = epithets[int(EPITHETS * chance.random() ** 3)]
        species = Usage(key(), genus.key, "accepted", "species", f"{genus.name} {epithet}", genus.places)
        yield species
        if chance.random() < 1 / 6:
            former = f"{_title(chance, chance.choice(ENDINGS))} {epithet}"
            yield Usage(key(), species.key, "synonym", "species", former, genus.places)


def _usage(usage: Usage) -> tuple[str, ...]:
    words = usage.name.split()
    parts = (*words, "")[:3] if len(words) > 1 else ("", "", "")
    environment = ("terrestrial", "marine,brackish", "freshwater")[len(usage.name) % 3]
    places = (*usage.places, *[""] * (6 - len(usage.places)))
    return (
        *(usage.key, usage.parent, usage.status, usage.rank, usage.name, '"Somebody" & al., 1901'),
        *(*places, *parts, "zoological", "", environment),
    )


def _common_names(names: int, seed: int) -> Iterator[tuple[str, ...]]:
    for number, usage in enumerate(usages(names, seed)):
        if usage.rank == "species" and usage.status == "accepted" and number % 12 == 0:
            called = f"{ADJECTIVES[number // 12 % 10]} {usage.name.split()[1][:6]} {NOUNS[number // 120 % 12]}"
            yield usage.key, called, "en", "", "true"
            yield usage.key, f"{usage.name.split()[1].capitalize()}tier", "deu", "DE", ""


def _relations(names: int, seed: int) -> Iterator[tuple[str, ...]]:
    for usage in usages(names, seed):
        if usage.status == "synonym":
            yield usage.parent, usage.key, "basionym"


def _distributions(names: int, seed: int) -> Iterator[tuple[str, ...]]:
    for number, usage in enumerate(usages(names, seed)):
        if usage.rank == "species" and number % 20 == 0:
            yield usage.key, "BR", "Brazil", "iso", "native", THREATS[number // 20 % len(THREATS)]


def _write(packed: zipfile.ZipFile, name: str, columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    with packed.open(name, "w", force_zip64=True) as file:
        file.write(("\t".join(f"col:{column}" for column in columns) + "\n").encode())
        while lines := ["\t".join(row) for row in itertools.islice(rows, 10_000)]:
            file.write(("\n".join(lines) + "\n").encode())


def _word(chance: random.Random, most: int) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(1, most) + 1))


def _title(chance: random.Random, ending: str) -> str:
    return (_word(chance, 3) + ending).capitalize()


def _letters(number: int) -> str:
    return "abcdefghij"[number % 10] * (1 + number // 10)
