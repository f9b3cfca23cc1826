"""Reads a language model's answer: which animals it names (contract B2). Pure, and distrusts every character."""

import re
from typing import Final

from services.vision.english_words import ENGLISH_WORDS
from services.vision.reading import Candidate, Reading

MAX_ANSWER: Final = 4000
MAX_PART: Final = 500
MAX_NAMES: Final = 10
MAX_NAME: Final = 200

_LOWER: Final = "a-zà-öø-ÿ"
_GENUS: Final = rf"(?<![\w-])[A-ZÀ-ÖØ-Þ][{_LOWER}]{{1,60}}"
_EPITHET: Final = rf"[{_LOWER}]{{2,60}}(?:-[{_LOWER}]{{1,60}}){{0,3}}(?![\w-])"
_SEPARATOR: Final = r"(?: ?, ?| )"
_NAME: Final = re.compile(
    rf"(?P<genus>{_GENUS}){_SEPARATOR}"
    rf"(?:(?P<mark>(?:spp?|cf|aff)(?:\.|(?![\w-])))"
    rf"|(?P<epithet>{_EPITHET})(?: (?P<third>{_EPITHET}))?)"
)
_BARE_TAXON: Final = re.compile(rf"({_GENUS})(?: ?\(.*\))?[.]?")
_LIST_MARK: Final = re.compile(r"^(?:\d{1,3} ?[.):]|[-–•]) ?")
_FIRST_WORD: Final = re.compile(r"[^\W\d]+")
_NOT_A_LETTER: Final = re.compile(r"[^a-z]+")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Also what turns the direction of writing or is not seen at all: a common name ends in the catalogue of everybody."""
_RANK_BY_ENDING: Final = (("idae", "family"), ("inae", "subfamily"), ("oidea", "superfamily"), ("formes", "order"))
_CLASSES: Final = frozenset(
    {"Actinopterygii", "Amphibia", "Arachnida", "Aves", "Cephalopoda", "Gastropoda", "Insecta", "Mammalia", "Reptilia"}
)


def read_answer(text: str) -> Reading:
    """The animals that `text` names, in its order and each once.

    A name in the demanded form (a binomial or trinomial, perhaps with a common name in parentheses, at the start of
    its part) counts. One found in the middle of other words is marked: it may be prose, and counts only if the
    taxonomy knows it.
    """
    text = clean(text)
    names: dict[str, Candidate] = {}
    suggested: dict[str, Candidate] = {}
    said_none = False
    for part in map(_stripped, re.split(r"[|\n]", text)):
        if _says_none(part):
            said_none = True
        elif found := _name_in(part):
            key = found.scientific_name.casefold()
            suggested.setdefault(key, found)
            if len(names) < MAX_NAMES:
                names.setdefault(key, found)
        elif higher := _higher_taxon_in(part):
            suggested.setdefault(higher.scientific_name.casefold(), higher)
    return Reading(
        names=list(names.values()),
        suggestions=list(suggested.values()),
        saw_an_animal=bool(suggested) or bool(text and not said_none),
        text=text,
    )


def clean(text: str) -> str:
    """The answer as it may be stored and shown: bounded, without control characters and broken Unicode."""
    return _UNPRINTABLE.sub("", text[:MAX_ANSWER]).strip()


def _stripped(part: str) -> str:
    """A part without Markdown, list marks and superfluous spaces."""
    plain = " ".join(part.replace("*", "").replace("_", "").split())
    return _LIST_MARK.sub("", plain[:MAX_PART])


def _says_none(part: str) -> bool:
    return " ".join(_NOT_A_LETTER.sub(" ", part.lower()).split()) in ("no animals found", "no animal found")


def _name_in(part: str) -> Candidate | None:
    """The first name in one part."""
    first = _FIRST_WORD.search(part)
    if first is None or first.group().lower() in ENGLISH_WORDS:
        return None
    for match in _NAME.finditer(part):
        epithet, third, end = match["epithet"], match["third"], match.end()
        if epithet and epithet in ENGLISH_WORDS:
            continue
        if third and third in ENGLISH_WORDS:
            third, end = None, match.end("epithet")
        common_name, rest = _common_name(part[end:], genus_only=epithet is None)
        in_form = match.start() == 0 and not rest.strip(" .,;")
        if epithet is None:
            return Candidate("genus", match["genus"], common_name, in_form=in_form)
        words = [match["genus"], epithet, *([third] if third else [])]
        rank = "subspecies" if third else "species"
        return Candidate(rank, " ".join(words)[:MAX_NAME], common_name, in_form=in_form)
    return None


def _common_name(rest: str, *, genus_only: bool) -> tuple[str, str]:
    """The parenthesized common name that follows a name, nested parentheses kept, and what comes behind it."""
    # After "cf." the doubtful epithet stands between the genus and its common name.
    start = rest.find("(") if genus_only else len(rest) - len(rest.lstrip(" ,"))
    if start < 0 or rest[start : start + 1] != "(":
        return "", "" if genus_only else rest.strip()
    depth = 0
    for at in range(start, len(rest)):
        depth += {"(": 1, ")": -1}.get(rest[at], 0)
        if depth == 0:
            return rest[start + 1 : at].strip()[:MAX_NAME], rest[at + 1 :].strip()
    return rest[start + 1 :].strip()[:MAX_NAME], ""


def _higher_taxon_in(part: str) -> Candidate | None:
    """A part that is nothing but one capitalized taxon, `Corvus (crow)`: to be suggested, never an animal."""
    match = _BARE_TAXON.fullmatch(part)
    if match is None or match[1].lower() in ENGLISH_WORDS:
        return None
    name = match[1]
    common_name, _ = _common_name(part[match.end(1) :], genus_only=False)
    rank = next((rank for ending, rank in _RANK_BY_ENDING if name.endswith(ending)), "genus")
    return Candidate("class" if name in _CLASSES else rank, name, common_name)
