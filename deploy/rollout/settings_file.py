"""Changes `deploy/.env` without touching anything else in it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from libs.common.whole_files import write_whole

_LINE: Final = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=")


def change(path: Path, values: Mapping[str, str]) -> None:
    """Sets these; comments, order and all other lines stay. The file is never half written.

    An empty value blanks a line that is there, and adds none.
    """
    left = dict(values)
    lines = path.read_text().splitlines() if path.exists() else []
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found and found["name"] in values:
            lines[number] = f"{found['name']}={values[found['name']]}"
            left.pop(found["name"], None)
    lines += [f"{name}={value}" for name, value in left.items() if value]
    mode = path.stat().st_mode if path.exists() else 0o644
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())
    path.chmod(mode)
