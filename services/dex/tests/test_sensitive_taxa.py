"""The list of sensitive taxa: its form, and whom it covers (contract D1)."""

import csv
import re
from importlib.resources import files

import pytest

from services.dex.sensitive_taxa import is_sensitive

DATA = files("services.dex").joinpath("data")
ROWS = list(csv.DictReader(DATA.joinpath("sensitive_taxa.csv").read_text(encoding="utf-8").splitlines()))


def test_every_row_names_a_taxon_a_reason_and_known_sources() -> None:
    known = set(re.findall(r"`([A-Z][\w/-]+)`", DATA.joinpath("SOURCES.md").read_text(encoding="utf-8")))
    for row in ROWS:
        assert re.fullmatch(r"[A-Z][a-z]+( [a-z]+)?", row["taxon"]), row
        assert row["reason"], row
        assert row["source"], row
        assert set(row["source"].split()) <= known, row


def test_rows_are_in_order_and_none_stands_twice() -> None:
    taxa = [row["taxon"] for row in ROWS]
    assert len(set(taxa)) == len(taxa)
    species = [taxon for taxon in taxa if " " in taxon]
    assert species == sorted(species)


@pytest.mark.parametrize(
    "name",
    [
        "Falco peregrinus",
        "falco PEREGRINUS",
        "Falco peregrinus anatum",
        "Smutsia temminckii",
        "Myotis",
        "Canis lupus",
        "Canis lupus signatus",
    ],
)
def test_who_is_covered(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize(
    "name", ["Canis lupus familiaris", "Felis silvestris catus", "Felis catus", "Falco tinnunculus", "Parus major", ""]
)
def test_who_is_not(name: str) -> None:
    assert not is_sensitive(name)
