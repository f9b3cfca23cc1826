"""The offline identifier: its weights, its network, and what it makes of real photos."""

import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from services.vision.pictures import standardize
from services.vision.providers import efficientnet_lite0, weights
from services.vision.providers.offline import OfflineIdentifier
from services.vision.providers.provider import ProviderFailed
from services.vision.reading import Reading
from services.vision.tests.samples import jpeg, photo, picture

GOLDEN_ARGMAX = 782
GOLDEN_FIRST = [0.11647, 0.34703, 0.12913, -0.85569, 0.10645]


@pytest.fixture(scope="module")
def network() -> efficientnet_lite0.EfficientNetLite0:
    return efficientnet_lite0.EfficientNetLite0(weights.read_installed())


def gradient() -> Any:
    """A picture made of nothing but arithmetic, the same on every machine."""
    y, x = np.mgrid[0:224, 0:224].astype(np.float32)
    return np.stack([x / 224 - 0.5, y / 224 - 0.5, (x * y) / 224**2 - 0.5], axis=2)


def test_golden_logits(network: efficientnet_lite0.EfficientNetLite0) -> None:
    logits = network(gradient())
    assert logits.shape == (1000,)
    assert int(logits.argmax()) == GOLDEN_ARGMAX
    np.testing.assert_allclose(logits[:5], GOLDEN_FIRST, atol=1e-3)
    assert efficientnet_lite0.softmax(logits).sum() == pytest.approx(1.0)


def test_the_middle_of_the_picture_is_looked_at() -> None:
    prepared = efficientnet_lite0.prepare(picture(512, 256))
    assert prepared.shape == (224, 224, 3)
    assert -1 <= prepared.min() < prepared.max() <= 1
    # Dark on the left, light on the right, as the picture itself.
    assert prepared[:, :100].mean() < prepared[:, -100:].mean()


async def read(identifier: OfflineIdentifier, name: str) -> Reading:
    rendition = standardize(photo(name), 0, None, 50_000_000).rendition
    answer = await identifier.ask(rendition, model="", detail="", key="")
    return identifier.read(answer.body)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chicken", "Gallus gallus"),
        ("dog", "Canis familiaris"),
        ("dragon", "Varanus komodoensis"),
        ("jaguar", "Panthera onca"),
        ("koala", "Phascolarctos cinereus"),
        ("lemur", "Lemur catta"),
        ("panda", "Ailuropoda melanoleuca"),
        ("polar_bear", "Ursus maritimus"),
        ("sheep", "Ovis aries"),
        ("bison", "Bison"),
    ],
)
async def test_photos_it_names_rightly(name: str, expected: str) -> None:
    reading = await read(OfflineIdentifier(), name)
    assert [found.scientific_name for found in reading.names] == [expected]
    assert reading.names[0].score is not None
    assert 0.75 <= reading.names[0].score <= 1


@pytest.mark.parametrize("name", ["horse", "narwhal", "hedgehog", "scarlet_macaw"])
async def test_photos_it_does_not_name(name: str) -> None:
    reading = await read(OfflineIdentifier(), name)
    assert reading.names == []
    assert reading.saw_an_animal
    assert reading.suggestions


async def test_no_animal_in_plain_colors() -> None:
    identifier = OfflineIdentifier()
    reading = identifier.read((await identifier.ask(jpeg(300, 200), model="", detail="", key="")).body)
    assert (reading.names, reading.saw_an_animal) == ([], False)


def test_another_file_is_refused() -> None:
    with pytest.raises(weights.WeightsUnusable, match="unknown hash"):
        weights.read(b"other bytes", expected_sha256=weights.SHA256)


class Attack:
    def __reduce__(self) -> tuple[Any, ...]:
        return (eval, ("__import__('os').mkdir('/tmp/owned')",))


@pytest.mark.parametrize("content", [Attack(), OrderedDict(a=Attack()), np.float64(1)])
def test_a_pickle_that_asks_for_more_than_arrays_is_refused(content: Any) -> None:
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({}, 2)
    data = magic + pickle.dumps(content, 2)
    with pytest.raises(weights.WeightsUnusable, match="not allowed"):
        weights.read(data, expected_sha256=weights.sha256(data).hexdigest())


async def test_without_its_package_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no-such-package")
    with pytest.raises(ProviderFailed) as failed:
        await OfflineIdentifier().ask(jpeg(), model="", detail="", key="")
    assert failed.value.is_final
    assert failed.value.sentence == "Sorry, no classifier is installed."
