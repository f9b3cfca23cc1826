"""Holds the records of a service against what clients were told of them (I9)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.recovery.audit import Asked, Audit, Finding, Present, Remembered
from libs.common.recovery.history import History, Line, Past, is_same


async def differences(session: AsyncSession, audit: Audit, history: History) -> AsyncIterator[Finding]:
    """Whatever is not as a client was told, and whatever no client has asked for."""
    for remembered in audit.remembered:
        pasts = {id: _implying(past, remembered) for id, past in history.of(remembered.word).items()}
        if not pasts and not history.wishes(remembered.word):
            continue
        found = {present.id: present async for present in remembered.memories(session, Asked(pasts, history.players))}
        for id, past in pasts.items():
            for sentence in _wrong_with(remembered.word, id, past, found.get(id), history):
                yield f"{remembered.word}/{id}", sentence
        if remembered.counted:
            known = {id for id, past in pasts.items() if past.is_acknowledged}
            more = [present for present in found.values() if present.state is not None and present.id not in known]
            for present in _unasked(more, history, history.wishes(remembered.word)):
                owners = " and ".join(sorted(present.owners))
                yield (
                    f"{remembered.word}/{present.id}",
                    f"{remembered.word} {present.id} of {owners} was never asked for, or is there twice",
                )


def _implying(past: Past, remembered: Remembered) -> Past:
    """The same with what the verbs themselves say."""
    implied = remembered.implied
    return Past([replace(line, state={**line.state, **implied.get(line.verb, {})}) for line in past.lines])


def _wrong_with(word: str, id: str, past: Past, present: Present | None, history: History) -> list[str]:
    if not past.is_acknowledged:
        return []  # Nobody was told that there is such a thing.
    if present is None:
        people = {line.owner for line in past.lines} | {
            value for line in past.lines for value in line.state.values() if isinstance(value, str)
        }
        if past.may_be_gone or history.may_have_left(people):
            return []
        first = next(line for line in past.lines if line.is_certain)
        return [f"{word} {id} was acknowledged ({first.verb}) at {_time(first.at)}, and is not there"]
    if present.state is None:
        return []
    if past.must_be_gone:
        end = next(line for line in past.lines if line.is_end and line.is_certain)
        return [f"{word} {id} was {end.verb} at {_time(end.at)}, and is there"]
    wrong = []
    if present.owners and (strangers := {line.owner for line in past.lines if line.owner is not None} - present.owners):
        wrong.append(f"{word} {id} was told to {', '.join(sorted(strangers))}, whose it is not")
    for name, value in present.state.items():
        possible = past.possible(name)
        if possible and not any(is_same(told, value) for told in possible):
            wrong.append(f"{word} {id}: {name} is {_short(value)}, clients were told {_short(possible[-1])}")
    return wrong


def _unasked(more: list[Present], history: History, wishes: list[Line]) -> list[Present]:
    """Of these records those to which no unanswered wish led; each wish leads to one."""
    left, unasked = list(wishes), []
    for present in more:
        if not present.owners or not present.owners <= history.players:
            continue  # Somebody had a hand in it of whom not everything is known.
        wish = next((line for line in left if _is_what_was_wished(present, line)), None)
        if wish is None:
            unasked.append(present)
        else:
            left.remove(wish)
    return unasked


def _is_what_was_wished(present: Present, wish: Line) -> bool:
    state: Mapping[str, Any] = present.state or {}
    return wish.owner in present.owners and all(
        is_same(told, state[name]) for name, told in wish.state.items() if name in state
    )


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _short(value: Any) -> str:
    if isinstance(value, frozenset):
        return " or ".join(sorted(map(str, value)))
    return repr(value)[:80] if isinstance(value, str) else str(value)[:80]
