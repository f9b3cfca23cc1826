"""The offline identifier (`fallback`): real weights from a package, no network, no key, no cost (contract B5)."""

import asyncio
import io
import os
from typing import Any, Final

from PIL import Image

from services.vision import ranks
from services.vision.providers.provider import Answer, ProviderFailed
from services.vision.reading import Reading

MODEL: Final = "efficientnet-lite0"
NEGLIGIBLE: Final = 1e-6
_ENOUGH_PIXELS: Final = 512
"""The short side from which a JPEG may be decoded at a fraction of its size without moving the probabilities."""


class OfflineIdentifier:
    """Loads its weights with the first picture; one picture at a time, in a thread."""

    name = "fallback"
    is_paid = False

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._network: Any = None

    def model(self, asked_for: str) -> str:
        del asked_for
        return MODEL

    async def ask(self, picture: bytes, *, model: str, detail: str, key: str) -> Answer:
        del model, detail, key
        async with self._one_at_a_time:
            return Answer(await asyncio.to_thread(self._classify, picture))

    def read(self, body: dict[str, Any]) -> Reading:
        probabilities = [0.0] * len(ranks.kinds())
        for index, probability in body["probabilities"].items():
            probabilities[int(index)] = probability
        return ranks.roll_up(probabilities)

    async def close(self) -> None:
        """Holds none."""

    def _classify(self, picture: bytes) -> dict[str, Any]:
        # One thread: the pictures before and after this one have the other cores.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from services.vision.providers import efficientnet_lite0, weights

        if self._network is None:
            try:
                self._network = efficientnet_lite0.EfficientNetLite0(weights.read_installed())
            except weights.WeightsUnusable as error:
                raise ProviderFailed("not_configured", f"Sorry, {error}.", is_final=True) from None
        with Image.open(io.BytesIO(picture), formats=["JPEG"]) as image:
            scale = _ENOUGH_PIXELS / min(image.size)
            image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
            prepared = efficientnet_lite0.prepare(image.convert("RGB"))
        probabilities = efficientnet_lite0.softmax(self._network(prepared))
        known = len(ranks.kinds())
        return {
            "model": MODEL,
            "weights": weights.SHA256,
            "probabilities": {
                str(index): round(float(probability), 7)
                for index, probability in enumerate(probabilities[:known])
                if probability > NEGLIGIBLE
            },
        }
