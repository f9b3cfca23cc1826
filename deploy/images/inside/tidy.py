"""Takes out of an environment what nothing at run time reads, `tidy.py VENV`, and compiles what stays.

Standard library only: it runs while an image is built, with the environment's own Python.
"""

import compileall
import shutil
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

UNUSED = ("numpy/distutils", "numpy/f2py", "sqlalchemy/testing", "alembic/testing")
"""What builds and tests others' packages: of vision's 263 MB these were 5."""
FOLDERS = ("tests", "test", "__pycache__")
ENDINGS = (".c", ".h", ".cpp", ".hpp", ".pyx", ".pxd", ".pxi", ".a", ".pyi", ".js.map", "conftest.py")


def tidy(environment: Path) -> None:
    """Tests, sources of what is compiled, types for checkers, and every program but Python itself."""
    for program in (environment / "bin").iterdir():
        if not program.name.startswith("python"):
            program.unlink()
    packages = sorted((environment / "lib").glob("python3*/site-packages"))
    for folder in packages:
        for name in UNUSED:
            shutil.rmtree(folder / name, ignore_errors=True)
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir() and path.name in FOLDERS:
                shutil.rmtree(path)
            elif path.is_file() and path.name.endswith(ENDINGS):
                path.unlink()
        # Some packages carry files for newer Pythons than this, which do not compile; they are not imported either.
        compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


if __name__ == "__main__":
    tidy(Path(sys.argv[1]))
