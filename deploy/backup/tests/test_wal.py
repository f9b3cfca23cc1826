"""Names and places of the files of the write-ahead log."""

from pathlib import Path

import pytest

from deploy.backup.wal import cluster_of, forget_before, is_log, missing, number_of, pack, segment_at, unpack


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("00000001000000000000000A", True),
        ("00000002.history", True),
        ("00000001000000000000000A.00000028.backup", True),
        ("00000001000000000000000A.partial", True),
        ("archtemp.00000001000000000000000A.4711.1", False),
        ("kept", False),
    ],
)
def test_what_is_half_copied_is_no_file_of_the_log(name: str, is_one: bool) -> None:
    assert is_log(name) is is_one


def test_segments_are_counted_across_the_end_of_a_log_file_and_across_timelines() -> None:
    assert number_of("0000000100000000000000FF") + 1 == number_of("000000010000000100000000")
    assert number_of("00000002000000000000000A") == number_of("00000001000000000000000A")
    assert segment_at("1/A000028", 3) == "00000003000000010000000A"


def test_a_gap_is_found_and_a_log_without_one_has_none() -> None:
    names = [f"0000000100000000000000{place:02X}" for place in (4, 5, 8, 9)]
    assert missing(names, 4) == [6, 7]
    assert missing(names, 8) == []
    assert missing(names, 3) == [3, 6, 7]
    assert missing([], 4) == []


def test_packing_changes_nothing_and_damage_is_seen(tmp_path: Path) -> None:
    segment = bytes(range(256)) * 100 + bytes(10_000)
    pack(segment, tmp_path / "one.gz")
    assert unpack(tmp_path / "one.gz") == segment
    whole = (tmp_path / "one.gz").read_bytes()
    for damaged in (whole[:-1], whole[:40] + b"\0\0\0" + whole[43:], b"no", whole[:-6] + bytes(6)):
        (tmp_path / "one.gz").write_bytes(damaged)
        with pytest.raises(ValueError, match="damaged"):
            unpack(tmp_path / "one.gz")


def test_a_segment_says_which_database_it_is_of() -> None:
    header = (
        b"\x18\xd1\x02\x00" + (1).to_bytes(4, "little") + bytes(16) + (7_573_000_000_000_000_123).to_bytes(8, "little")
    )
    assert cluster_of(header + bytes(100)) == 7_573_000_000_000_000_123


def test_only_what_lies_before_goes_and_histories_stay(tmp_path: Path) -> None:
    kept = {"00000001000000000000000B.gz", "00000002.history.gz", "00000001000000000000000C.00000028.backup.gz"}
    gone = {"00000001000000000000000A.gz", "000000010000000000000009.00000028.backup.gz"}
    for name in kept | gone:
        (tmp_path / name).touch()
    assert forget_before(tmp_path, "00000002000000000000000B") == len(gone)
    assert {path.name for path in tmp_path.iterdir()} == kept
