"""What is taken out of an environment, and what stays."""

import subprocess
import sys
from pathlib import Path

from deploy.images.inside.tidy import tidy

KEPT = (
    "beast/__init__.py",
    "beast/_fast.so",
    "beast/testing/__init__.py",
    "beast/data.csv",
    "beast.dist-info/METADATA",
)
GONE = (
    "beast/tests/test_beast.py",
    "beast/deep/test/a.py",
    "beast/_fast.pyx",
    "beast/_fast.c",
    "numpy/f2py/a.py",
    "beast/__init__.pyi",
)


def test_only_what_runs_stays(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in (*KEPT, *GONE):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("")
    (tmp_path / "bin").mkdir()
    for name in ("python", "python3.11", "pip", "alembic", "activate"):
        (tmp_path / "bin" / name).write_text("")
    tidy(tmp_path)
    left = {str(path.relative_to(packages)) for path in packages.rglob("*") if path.is_file()}
    assert {name for name in left if not name.endswith(".pyc")} == set(KEPT)
    assert sorted(path.name for path in (tmp_path / "bin").iterdir()) == ["python", "python3.11"]


def test_a_package_with_a_file_for_other_pythons_is_no_reason_to_stop(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (packages / "newer.py").write_text("def f[T](x: T) -> T: return x if True else (")
    (packages / "good.py").write_text("ANIMALS = 3\n")
    tidy(tmp_path)
    assert len(list(packages.rglob("*.pyc"))) == 1
    # Only the bytecode is read: what the source says now is not looked at.
    (packages / "good.py").write_text("ANIMALS = 4\n")
    asked = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path[:] = [*sys.path, {str(packages)!r}]; import good; print(good.ANIMALS)",
    ]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == "3"
