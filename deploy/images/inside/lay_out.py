"""Lays out /app while an image is built, `lay_out.py CHECKOUT APP`: what SERVICE runs, with its bytecode.

The image of `ops` has all of it; a service's has the libraries and its own package. Standard library only.
"""

import compileall
import os
import shutil
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

OPERATORS = "ops"
FOR_ALL = ("LICENSE", "NOTICE")


def lay_out(service: str, checkout: Path, app: Path) -> None:
    """Copies what `service` is made of, and compiles it.

    Raises:
        FileNotFoundError: there is no such service.
    """
    for folder in ("libs", "services", "deploy") if service == OPERATORS else ("libs", f"services/{service}"):
        shutil.copytree(checkout / folder, app / folder)
    for name in FOR_ALL:
        shutil.copy(checkout / name, app)
    if service != OPERATORS:
        shutil.copy(checkout / "services" / "__init__.py", app / "services")
        shutil.copy(checkout / "deploy" / "images" / "inside" / "alive.py", app)
    for path in (app, *app.rglob("*")):
        # Whoever builds may keep their files to themselves; whoever runs is somebody else.
        path.chmod(0o755 if path.is_dir() else 0o644)
    precompile(app)


def precompile(folder: Path) -> None:
    """Bytecode that is never held against its source: nothing is written at the start, and nothing looked up."""
    if not compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH):
        sys.exit(f"{folder} has files that do not compile")


if __name__ == "__main__":
    lay_out(os.environ["SERVICE"], Path(sys.argv[1]), Path(sys.argv[2]))
