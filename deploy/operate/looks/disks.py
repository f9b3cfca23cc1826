"""Looks at the disks: room and files that are left."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk, by what lies on it; bytes, and shares from 0 to 1. Some file systems do not count files: 1."""

    holds: tuple[str, ...]
    path: str
    size: int
    free: int
    free_share: float
    free_files: float


def look_at_disks(folders: Mapping[str, Path]) -> tuple[Disk, ...]:
    """Each disk once, however many folders are on it."""
    by_device: dict[int, list[str]] = {}
    for name, folder in folders.items():
        by_device.setdefault(folder.stat().st_dev, []).append(name)
    return tuple(_disk(tuple(names), folders[names[0]]) for names in by_device.values())


def _disk(holds: tuple[str, ...], folder: Path) -> Disk:
    told = os.statvfs(folder)
    size, free = told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize
    files = told.f_favail / told.f_files if told.f_files else 1.0
    return Disk(holds, str(folder), size, free, free / size if size else 1.0, files)
