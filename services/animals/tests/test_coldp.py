"""What is no catalogue is refused with a reason, and the words of one are those of the taxonomy (contract B11)."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from services.animals.coldp import words
from services.animals.coldp.archive import BadCatalogue, opened
from services.animals.coldp.tables import COMMON_NAMES, DISTRIBUTIONS, RELATIONS, Table, usages
from services.animals.languages import CODES, language_code
from services.animals.tests.small_catalogue import FILES, write_catalogue

TABLES = (usages(frozenset({"Animalia"})), COMMON_NAMES, DISTRIBUTIONS, RELATIONS)


def read(path: Path, tables: tuple[Table, ...] = TABLES) -> list[str]:
    """All lines that would be stored."""
    with opened(path) as archive:
        batches = [batch.rows.decode() for table in tables for batch in table.read(archive)]
    return "".join(batches).splitlines()


def refused(path: Path, tables: tuple[Table, ...] = TABLES) -> str:
    with pytest.raises(BadCatalogue) as refusal:
        read(path, tables)
    return str(refusal.value)


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return path


def test_the_small_catalogue_is_read(tmp_path: Path) -> None:
    assert len(read(write_catalogue(tmp_path / "a.zip"))) == 15 + 7 + 2 + 5


def test_lines_may_end_as_on_windows_and_begin_with_a_mark(tmp_path: Path) -> None:
    plain = FILES["NameUsage.tsv"]
    windows = b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode()
    names = TABLES[:1]
    expected = read(write_catalogue(tmp_path / "a.zip"), names)
    assert read(write_catalogue(tmp_path / "b.zip", NameUsage=windows), names) == expected
    assert read(write_catalogue(tmp_path / "c.zip", NameUsage=plain.rstrip("\n")), names) == expected
    without_prefix = plain.replace("col:", "")
    assert read(write_catalogue(tmp_path / "d.zip", NameUsage=without_prefix), names) == expected


def test_a_table_of_many_blocks_is_read_whole(tmp_path: Path) -> None:
    text = "taxonID\tname\n" + "".join(f"{number}\tname {number}\n" for number in range(200_000))
    rows = read(write_catalogue(tmp_path / "a.zip", VernacularName=text), (COMMON_NAMES,))
    assert [line.split("\t")[0] for line in rows] == [str(number) for number in range(200_000)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "The zip has no NameUsage.tsv."),
        ("", "NameUsage.tsv is empty."),
        ("col:ID\tcol:status\n", "NameUsage.tsv has no column col:scientificName."),
        ("ID\tscientificName\n1\tFoo bar\n2\n", "NameUsage.tsv has 1 fields in line 3, and 2 in its header."),
        ("ID\tscientificName\n1\tFoo\tbar\n", "NameUsage.tsv has 3 fields in line 2, and 2 in its header."),
        ("ID\tscientificName\n1\tFoo\n2\tBa\0r\n", "NameUsage.tsv has a NUL byte in line 3."),
        (b"ID\tscientificName\n1\tFoo\n2\tB\xff\n", "NameUsage.tsv is not UTF-8 in line 3."),
        ("ID\tscientificName\n1\t" + "a" * 3_000_000, "NameUsage.tsv has a line longer than 1048576 bytes"),
    ],
)
def test_a_spoiled_table_is_refused_with_its_line(tmp_path: Path, content: str | bytes | None, reason: str) -> None:
    assert refused(write_catalogue(tmp_path / "a.zip", NameUsage=content)).startswith(reason)


@pytest.mark.parametrize("name", ["../NameUsage.tsv", "/etc/NameUsage.tsv", "a/../../b", "C:\\NameUsage.tsv", "..\\b"])
def test_names_that_lead_out_of_the_zip_are_refused(tmp_path: Path, name: str) -> None:
    assert "dangerous name" in refused(zipped(tmp_path / "a.zip", "NameUsage.tsv", name))


def test_a_file_twice_is_refused(tmp_path: Path) -> None:
    assert refused(zipped(tmp_path / "a.zip", "NameUsage.tsv", "nameusage.TSV")) == "The zip has nameusage.TSV twice."


def test_a_zip_with_very_many_files_is_refused(tmp_path: Path) -> None:
    assert "fewer than 10000" in refused(zipped(tmp_path / "a.zip", *(str(number) for number in range(10_001))))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    file = write_catalogue(tmp_path / "a.zip", NameUsage="0" * 300_000_000)
    assert file.stat().st_size < 1_000_000
    assert refused(file) == "NameUsage.tsv would unpack to 300000000 bytes; no catalogue does that."


def test_a_bomb_that_lies_about_its_size_yields_no_more_than_it_says(tmp_path: Path) -> None:
    file = write_catalogue(tmp_path / "a.zip", NameUsage="0\n" * 30_000_000)
    data = bytearray(file.read_bytes())
    size = struct.pack("<L", 60_000_000)
    assert data.count(size) == 2
    file.write_bytes(bytes(data).replace(size, struct.pack("<L", 1000)))
    assert "cannot be unpacked" in refused(file)


def test_what_is_no_zip_or_half_of_one_is_refused(tmp_path: Path) -> None:
    assert "is not a zip" in refused(tmp_path / "nowhere.zip")
    text = tmp_path / "text.zip"
    text.write_text("hello")
    assert "is not a zip" in refused(text)
    whole = write_catalogue(tmp_path / "a.zip").read_bytes()
    half = tmp_path / "half.zip"
    half.write_bytes(whole[: len(whole) // 2])
    assert "is not a zip" in refused(half)


def test_damaged_and_encrypted_tables_are_refused(tmp_path: Path) -> None:
    file = write_catalogue(tmp_path / "a.zip")
    with zipfile.ZipFile(file) as packed:
        member = packed.getinfo("NameUsage.tsv")
    data = bytearray(file.read_bytes())
    data[member.header_offset + 30 + len("NameUsage.tsv") + 20] ^= 0xFF
    file.write_bytes(data)
    assert "NameUsage.tsv cannot be unpacked" in refused(file)
    entry = io.BytesIO(write_catalogue(tmp_path / "b.zip").read_bytes()).getvalue()
    directory = entry.index(b"PK\x01\x02", entry.index(b"PK\x01\x02") + 1)
    locked = bytearray(entry)
    locked[directory + 8] |= 1
    (tmp_path / "b.zip").write_bytes(locked)
    assert refused(tmp_path / "b.zip") == "NameUsage.tsv is encrypted."


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("accepted", "accepted"),
        ("Provisionally Accepted", "provisional"),
        ("provisionally_accepted", "provisional"),
        ("synonym", "synonym"),
        ("ambiguous synonym", "ambiguous"),
        ("misapplied", "misapplied"),
        ("bare name", "doubtful"),
        ("", "doubtful"),
    ],
)
def test_statuses(text: str, status: str) -> None:
    assert words.status(text) == status


def test_codes_environments_threats_countries() -> None:
    assert [words.code(text) for text in ("zoological", "botanical", "bacterial", "virus", "magic")] == [
        *("iczn", "icn", "icnp", "ictv", "")
    ]
    assert words.environments("brackish,marine, Freshwater,air") == ("marine", "freshwater")
    assert [words.threat(text) for text in ("cr", "Critically Endangered", "least_concern", "rare")] == [
        *("CR", "CR", "LC", "rare")
    ]
    assert [words.country(text) for text in ("de", "", "Germany", "1x")] == ["DE", "", "", ""]


@pytest.mark.parametrize(
    ("text", "code"),
    [("en", "eng"), ("eng", "eng"), ("", "eng"), ("EN-us", "eng"), ("de", "deu"), ("ger", "deu"), ("mul", "mul")],
)
def test_languages_have_one_form(text: str, code: str) -> None:
    assert language_code(text) == code


def test_every_language_code_is_one_of_three_letters() -> None:
    assert {len(code) for code in CODES.values()} == {3}
    assert language_code("a language that has no code") == "und"
