"""`deploy/.env` is changed where it must be, and nowhere else."""

from pathlib import Path

from deploy.rollout.settings_file import change

BEFORE = """# The address of this installation.
PUBLIC_BASE_URL=https://dex.example

# What runs; ./bdx deploy writes here.
TAG=old
export DEX_TAG=older
# GRAPH_TAG=a comment
"""
AFTER = """# The address of this installation.
PUBLIC_BASE_URL=https://dex.example

# What runs; ./bdx deploy writes here.
TAG=new
DEX_TAG=
# GRAPH_TAG=a comment
VISION_TAG=special
"""


def test_comments_order_and_rights_stay(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(BEFORE)
    path.chmod(0o600)
    change(path, {"TAG": "new", "DEX_TAG": "", "GRAPH_TAG": "", "VISION_TAG": "special"})
    assert path.read_text() == AFTER
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


def test_where_there_is_none(tmp_path: Path) -> None:
    change(tmp_path / ".env", {"TAG": "new", "DEX_TAG": ""})
    assert (tmp_path / ".env").read_text() == "TAG=new\n"
