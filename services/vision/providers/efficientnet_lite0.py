"""EfficientNet-Lite0 in numpy: a picture of 224×224 in, 1000 ImageNet logits out, about 25 ms on one core."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from services.vision.providers.weights import Array

SIDE: Final = 224
CROP: Final = 224 / 256
"""The share of the short side that the network was trained to look at."""
_EPSILON: Final = 1e-3

# (repeats, kernel, stride of the first, expansion) as the network was published.
_STAGES: Final = ((1, 3, 1, 1), (2, 3, 2, 6), (2, 5, 2, 6), (3, 3, 2, 6), (3, 5, 1, 6), (4, 5, 2, 6), (1, 3, 1, 6))


@dataclass(frozen=True, slots=True)
class _Pointwise:
    """A 1×1 convolution with its normalization folded in: weights (in, out), bias (out)."""

    weight: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        height, width, channels = x.shape
        y = x.reshape(height * width, channels) @ self.weight
        y += self.bias
        return y.reshape(height, width, -1)


@dataclass(frozen=True, slots=True)
class _Depthwise:
    """A convolution of every channel with its own kernel: weights (k, k, channels), bias (channels)."""

    weight: Array
    bias: Array
    stride: int

    def __call__(self, x: Array) -> Array:
        kernel, stride = self.weight.shape[0], self.stride
        padded = _padded(x, kernel, stride)
        height, width = (padded.shape[0] - kernel) // stride + 1, (padded.shape[1] - kernel) // stride + 1
        y = np.empty((height, width, x.shape[2]), np.float32)
        # A row at a time stays in the processor's cache, where the whole picture would not.
        for row in range(height):
            rows = padded[row * stride : row * stride + kernel]
            out = y[row]
            out[:] = self.bias
            for dy in range(kernel):
                for dx in range(kernel):
                    out += rows[dy, dx : dx + (width - 1) * stride + 1 : stride] * self.weight[dy, dx]
        return y


@dataclass(frozen=True, slots=True)
class _Block:
    expand: _Pointwise | None
    depthwise: _Depthwise
    project: _Pointwise

    def __call__(self, x: Array) -> Array:
        y = x if self.expand is None else _relu6(self.expand(x))
        y = self.project(_relu6(self.depthwise(y)))
        if y.shape == x.shape:
            y += x
        return y


class EfficientNetLite0:
    """The network with its weights; calling it is free of side effects and may run in any thread."""

    def __init__(self, weights: dict[str, Array]) -> None:
        stem = _folded(weights, "_conv_stem", "_bn0")
        self._stem = _Pointwise(stem[0].transpose(2, 3, 1, 0).reshape(-1, stem[0].shape[0]), stem[1])
        self._blocks = list(_blocks(weights))
        self._head = _pointwise(weights, "_conv_head", "_bn1")
        self._classify = np.ascontiguousarray(weights["_fc.weight"].T)
        self._bias = weights["_fc.bias"]

    def __call__(self, x: Array) -> Array:
        """Logits (1000) of a prepared picture (224, 224, 3)."""
        x = _relu6(self._stem(_patches(_padded(x, 3, 2), 3, 2)))
        for block in self._blocks:
            x = block(x)
        pooled = _relu6(self._head(x)).mean(axis=(0, 1))
        logits: Array = pooled @ self._classify + self._bias
        return logits


def prepare(image: Image.Image) -> Array:
    """The middle of an RGB picture as the network wants it: (224, 224, 3), values about -1 to 1."""
    side = min(image.size) * CROP
    left, top = (image.width - side) / 2, (image.height - side) / 2
    small = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
    return (np.asarray(small, np.float32) - np.float32(127)) / np.float32(128)


def softmax(logits: Array) -> npt.NDArray[np.float64]:
    """Probabilities that sum to 1."""
    raised = np.exp(logits.astype(np.float64) - float(logits.max()))
    probabilities: npt.NDArray[np.float64] = raised / raised.sum()
    return probabilities


def _blocks(weights: dict[str, Array]) -> Any:
    number = 0
    for repeats, _kernel, first_stride, expansion in _STAGES:
        for repeat in range(repeats):
            name = f"_blocks.{number}."
            expand = _pointwise(weights, name + "_expand_conv", name + "_bn0") if expansion != 1 else None
            kernel, bias = _folded(weights, name + "_depthwise_conv", name + "_bn1")
            depthwise = _Depthwise(
                np.ascontiguousarray(kernel[:, 0].transpose(1, 2, 0)), bias, first_stride if repeat == 0 else 1
            )
            yield _Block(expand, depthwise, _pointwise(weights, name + "_project_conv", name + "_bn2"))
            number += 1


def _folded(weights: dict[str, Array], convolution: str, norm: str) -> tuple[Array, Array]:
    """A convolution's kernel and bias with the normalization behind it multiplied in."""
    scale = weights[norm + ".weight"] / np.sqrt(weights[norm + ".running_var"] + _EPSILON)
    kernel = weights[convolution + ".weight"] * scale[:, None, None, None]
    return kernel, weights[norm + ".bias"] - weights[norm + ".running_mean"] * scale


def _pointwise(weights: dict[str, Array], convolution: str, norm: str) -> _Pointwise:
    kernel, bias = _folded(weights, convolution, norm)
    return _Pointwise(np.ascontiguousarray(kernel[:, :, 0, 0].T), bias)


def _padded(x: Array, kernel: int, stride: int) -> Array:
    """Zeros around, as TensorFlow's `SAME` puts them: the odd one at the end."""
    sides = []
    for length in x.shape[:2]:
        total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        sides.append((total // 2, total - total // 2))
    return np.pad(x, (*sides, (0, 0)))


def _patches(padded: Array, kernel: int, stride: int) -> Array:
    """Every window's pixels side by side: (height, width, kernel · kernel · channels)."""
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(0, 1))[::stride, ::stride]
    return np.ascontiguousarray(windows.transpose(0, 1, 3, 4, 2)).reshape(*windows.shape[:2], -1)


def _relu6(x: Array) -> Array:
    return np.clip(x, 0, 6, out=x)
