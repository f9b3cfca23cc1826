"""Reads JSON as a typed GDScript client does: a missing key is a default, a null or a wrong type ends the function."""

import json
from typing import Any, Self

MAX_EXACT = 2**53


class Aborted(AssertionError):
    """A typed variable was given what it cannot hold: in the game, the running function ends here."""


class Record:
    """A dictionary of an answer, with the place where it was found."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise Aborted(f"{where} is no Dictionary: {value!r}")
        self._value: dict[str, Any] = value
        self.where = where

    @classmethod
    def parsed(cls, text: str, where: str) -> Self:
        """All numbers become floats, whole ones too."""
        return cls(json.loads(text, parse_int=_float, parse_constant=_no_number), where)

    def has(self, key: str) -> bool:
        return key in self._value

    def names(self) -> list[str]:
        """The keys, where they are data themselves."""
        return list(self._value)

    def variant(self, key: str) -> Any:
        """An untyped variable: null is as good as missing."""
        return self._value.get(key)

    def text(self, key: str, default: str = "") -> str:
        found: str = self._typed(key, str, default)
        return found

    def flag(self, key: str, default: bool = False) -> bool:
        found: bool = self._typed(key, bool, default)
        return found

    def number(self, key: str, default: float = 0.0) -> float:
        found: float = self._typed(key, float, default)
        return found

    def integer(self, key: str, default: int = 0) -> int:
        """Typed integers accept integral floats."""
        found = self.number(key, default)
        if found != int(found):
            raise Aborted(f"{self.where}.{key} is no int: {found!r}")
        return int(found)

    def array(self, key: str) -> list[Any]:
        found: list[Any] = self._typed(key, list, [])
        return found

    def record(self, key: str) -> "Record":
        """A Dictionary; empty if the key is missing."""
        return Record(self._typed(key, dict, {}), f"{self.where}.{key}")

    def records(self, key: str) -> list["Record"]:
        """An Array[Dictionary]."""
        return [Record(each, f"{self.where}.{key}[{at}]") for at, each in enumerate(self.array(key))]

    def texts(self, key: str) -> list[str]:
        return [_must_be(each, str, f"{self.where}.{key}") for each in self.array(key)]

    def numbers(self, key: str) -> list[float]:
        return [_must_be(each, float, f"{self.where}.{key}") for each in self.array(key)]

    def there(self, *keys: str) -> Self:
        """These keys are read without a default: they have to be there."""
        if missing := [key for key in keys if key not in self._value]:
            raise Aborted(f"{self.where} has no {missing}")
        return self

    def some_text(self, key: str) -> str:
        """A text that is used at once, as a name or an id: it has to be there and not be empty."""
        found = self.there(key).text(key)
        if not found:
            raise Aborted(f"{self.where}.{key} is empty")
        return found

    def never_null(self, *keys: str) -> Self:
        """Defaults do for keys that are missing, but nothing does for a null."""
        for key in keys:
            if key in self._value and self._value[key] is None:
                raise Aborted(f"{self.where}.{key} is null")
        return self

    def _typed(self, key: str, kind: type, default: Any) -> Any:
        if key not in self._value:
            return default
        return _must_be(self._value[key], kind, f"{self.where}.{key}")


def _must_be(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind):
        raise Aborted(f"{where} is no {kind.__name__}: {value!r}")
    return value


def _float(digits: str) -> float:
    if abs(int(digits)) > MAX_EXACT:
        raise Aborted(f"{digits} loses digits as a float")
    return float(digits)


def _no_number(word: str) -> float:
    raise Aborted(f"{word} is no JSON")
