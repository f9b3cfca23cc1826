"""What a provider is: somebody who looks at a picture and answers, and a pure way to read the answer."""

from dataclasses import dataclass
from typing import Any, Protocol

from services.vision.reading import Reading


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, to be stored as it is before anybody reads it."""

    body: dict[str, Any]
    input_tokens: int | None = None
    output_tokens: int | None = None


class ProviderFailed(Exception):
    """No usable answer. `sentence` is what the player may read: no keys, no paths, no raw messages."""

    def __init__(self, reason: str, sentence: str, *, is_final: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sentence = sentence
        self.is_final = is_final
        """True if trying again cannot help."""
        self.retry_after = retry_after
        """Seconds for which the provider wants to be left alone."""


class EmptyAnswer(ProviderFailed):
    """The model answered, was paid and said nothing. After the last attempt that means: no animals."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("empty_answer", "The model gave an empty answer.")
        self.answer = answer


class Provider(Protocol):
    """`is_paid` providers get an intent row before each call, and their answers are never asked for twice."""

    name: str
    is_paid: bool

    def model(self, asked_for: str) -> str:
        """The model that really answers a job which asked for `asked_for`."""
        ...

    async def ask(self, picture: bytes, *, model: str, detail: str, key: str) -> Answer:
        """Shows the provider a JPEG. `key` is the same when one call is repeated after a crash.

        Raises:
            ProviderFailed: no usable answer.
        """
        ...

    def read(self, body: dict[str, Any]) -> Reading:
        """Reads a stored answer; pure."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...
