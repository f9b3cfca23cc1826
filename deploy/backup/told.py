"""What backups tell monitors: small files of figures beside them, in the format that Prometheus reads.

A file stays when whoever wrote it has ended, so that the age of the last success can be seen at any time.
"""

import time
from pathlib import Path
from typing import Final

from libs.common.whole_files import write_whole

FOLDER: Final = "metrics"
READABLE: Final = 0o644
"""By whoever serves them: no figure here is a secret, unlike all else in the folder."""


def tell(backups: Path, about: str, **figures: float) -> None:
    """Writes `metrics/<about>.prom`: of each figure its name without `<about>_`, and that this moment was a success."""
    told = {"last_success_timestamp_seconds": time.time(), **figures}
    lines = "".join(f"# TYPE {about}_{name} gauge\n{about}_{name} {float(value)!r}\n" for name, value in told.items())
    folder = backups / FOLDER
    folder.mkdir(mode=0o755, exist_ok=True)
    target = folder / f"{about}.prom"
    write_whole(target, lines.encode())
    target.chmod(READABLE)
