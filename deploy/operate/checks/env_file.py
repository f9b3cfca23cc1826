"""`deploy/.env`: lines that two readers take differently, names that nobody reads, values nobody has filled in."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from deploy.operate import env_file
from deploy.operate.composed import read_compose, read_env
from deploy.operate.env_file import Line
from deploy.operate.findings import Finding, care, wrong
from deploy.operate.installation import Installation
from deploy.operate.state import State
from deploy.operate.told_settings import known_settings

PLACEHOLDER: Final = re.compile(
    r"change.?me|replace.?me|your[-_. ]|<[^>]+>|\bTODO\b|example\.(com|org|net)|\bxxx+|sk-\.\.\.", re.IGNORECASE
)
SECRETS: Final = re.compile(r"SECRET|PASSWORD|PRIVATE_KEY|API_KEY|_DSN|ACCESS_KEY|DATABASE_URL|NATS_URL|TOKEN$")
TAGS: Final = re.compile(r"([A-Z]+_)?TAG|COMPOSE_[A-Z_]+|PODMAN_[A-Z_]+|DOCKER_[A-Z_]+")

MISSING = care(
    "env.missing",
    "There is no deploy/.env: compose does not know under which address players come in.",
    "cp deploy/.env.example deploy/.env, and fill it in",
)
UNREADABLE = wrong("env.unreadable", "deploy/.env cannot be read, or is not UTF-8.", "write it anew as plain text")
COMMENT = wrong(
    "env.inline-comment",
    "A comment stands behind a value: some readers take it for a part of the value.",
    "put the comment on a line of its own, above",
)
QUOTES = care(
    "env.quotes", "A value is in quotes: some readers take them for a part of the value.", "remove the quotes"
)
CRLF = wrong(
    "env.crlf",
    "Lines end as on Windows: an invisible character becomes a part of every value.",
    "sed -i 's/\\r$//' deploy/.env",
)
NO_SETTING = wrong(
    "env.not-a-setting", "A line is neither NAME=value nor a comment.", "write NAME=value, or # before it"
)
SPACES = wrong(
    "env.spaces",
    "There are spaces around the `=` or at the end of a line.",
    "write NAME=value without spaces around it",
)
UNKNOWN = care("env.unknown-name", "Nobody reads a name: it may be misspelt.", "correct the name, or remove the line")
TWICE = care("env.twice", "A name is given twice; only the last one counts.", "remove one of them")
EXAMPLE = wrong("env.example-value", "A value is still that of an example.", "put in your own value")
SECRET = wrong(
    "env.secret",
    "A secret stands in deploy/.env, where every container's description shows it.",
    "put it into a file of deploy/secrets/<service>/, named like the setting in lower case, and remove the line",
)
KINDS = (MISSING, UNREADABLE, COMMENT, QUOTES, CRLF, NO_SETTING, SPACES, UNKNOWN, TWICE, EXAMPLE, SECRET)
FINE = "deploy/.env can be read in one way only"


def check(installation: Installation, _state: State) -> Iterator[Finding]:
    path = installation.env_file
    if path is None:
        return
    if not path.exists():
        yield MISSING.found(f"there is no {path}")
        return
    try:
        lines = env_file.read(path)
    except (OSError, UnicodeDecodeError) as error:
        yield UNREADABLE.found(f"{path}: {error}")
        return
    if any(line.ends_with_cr for line in lines):
        yield CRLF.found(f"{sum(line.ends_with_cr for line in lines)} lines of {path.name} end with CR LF")
    yield from _forms(lines)
    yield from _names(lines, path)
    values = read_env(path)
    for name in dict.fromkeys(line.name for line in lines if line.name):
        if values.get(name) and SECRETS.search(name):
            yield SECRET.found(f"{name} is a secret")
        elif PLACEHOLDER.search(values.get(name, "")):
            yield EXAMPLE.found(f"{name} is {values[name]}")


def _forms(lines: Iterable[Line]) -> Iterator[Finding]:
    for line in lines:
        where = f"line {line.number}"
        if line.name is None:
            yield NO_SETTING.found(f"{where}: {line.text.strip()[:20]}…")
        elif line.has_comment:
            yield COMMENT.found(f"{where}: a comment stands behind {line.name}")
        elif line.has_spaces:
            yield SPACES.found(f"{where}: spaces around the value of {line.name}")
        elif line.is_quoted:
            yield QUOTES.found(f"{where}: {line.name} is in quotes")


def _names(lines: Iterable[Line], path: Path) -> Iterator[Finding]:
    project = read_compose(path.parent, read_env(path))
    settings = known_settings()
    read = settings if project is None or project.hands_on_all else project.variables
    seen: set[str] = set()
    for name in (line.name for line in lines if line.name):
        if name in seen:
            yield TWICE.found(f"{name} is given twice")
        seen.add(name)
        if name in read or TAGS.fullmatch(name) or SECRETS.search(name):
            continue
        if name in settings:
            yield UNKNOWN.found(f"{name} is a setting, but compose.yml hands it to nobody", "add it to compose.yml")
        else:
            close = get_close_matches(name, read | settings, 1)
            yield UNKNOWN.found(f"nobody reads {name}{f'; do you mean {close[0]}?' if close else ''}")
