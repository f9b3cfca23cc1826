"""What the model's stand-in can be told to do with the next call."""

import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Say:
    """A good answer. None and "" are answers whose tokens were all spent on thinking."""

    text: str | None
    prompt_tokens: int = 1000
    completion_tokens: int = 1000
    finish_reason: str = "stop"


@dataclass(frozen=True)
class Fail:
    """An error in the API's own shape."""

    status: int
    code: str = "server_error"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hang:
    """No answer for so many seconds, then the connection is dropped."""

    seconds: float = 3600.0


@dataclass(frozen=True)
class Held:
    """A good answer that is held back until the gate is opened."""

    gate: threading.Event
    answer: Say


@dataclass(frozen=True)
class Trickle:
    """A body of one byte at a time, so many seconds apart."""

    seconds: float = 1.0


@dataclass(frozen=True)
class Raw:
    """Any bytes at all, with status 200."""

    body: bytes
    content_type: str = "application/json"


Step = Say | Fail | Hang | Held | Trickle | Raw


def completion(model: str, step: Say) -> dict[str, Any]:
    """A good answer in the API's shape."""
    message = {"role": "assistant", "content": step.text}
    return {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": step.finish_reason}],
        "usage": {
            "prompt_tokens": step.prompt_tokens,
            "completion_tokens": step.completion_tokens,
            "total_tokens": step.prompt_tokens + step.completion_tokens,
        },
    }


def step_of(step: dict[str, Any]) -> Step:
    """Reads a step that came over the wire, such as `{"fail": 529}`."""
    match step:
        case {"say": text}:
            return Say(text, step.get("prompt_tokens", 1000), step.get("completion_tokens", 1000))
        case {"fail": status}:
            return Fail(status, step.get("code", "server_error"), step.get("headers", {}))
        case {"hang": seconds}:
            return Hang(seconds)
        case {"trickle": seconds}:
            return Trickle(seconds)
        case {"raw": text}:
            return Raw(text.encode())
        case _:
            raise ValueError(f"unknown step {step}")
