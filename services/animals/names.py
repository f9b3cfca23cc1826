"""Scientific names as text: taken apart into genus, epithets and author. Pure."""

import re
from dataclasses import dataclass
from typing import Final, Self

GENUS: Final = re.compile(r"[A-Z][a-zà-öø-ÿ]+(?:-[A-Za-zà-öø-ÿ]+)*")
EPITHET: Final = re.compile(r"[a-zà-öø-ÿ]+(?:-[a-zà-öø-ÿ]+)*")
SUBGENUS: Final = re.compile(r"\([A-Z][a-z]+\)")
RANK_MARKS: Final = frozenset({"subsp.", "ssp.", "var.", "f.", "forma", "morph"})
UNCERTAIN_MARKS: Final = frozenset({"sp.", "spp.", "cf.", "aff.", "nr.", "x", "×"})


@dataclass(frozen=True, slots=True)
class Name:
    """A genus, a species or a subspecies: `Canis`, `Canis lupus`, `Canis lupus familiaris`."""

    genus: str
    epithet: str = ""
    infraspecific: str = ""
    authorship: str = ""

    @property
    def text(self) -> str:
        """The name without its author."""
        return " ".join(filter(None, (self.genus, self.epithet, self.infraspecific)))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Takes a name apart; None for what has not the form of one (`black widow spider`, `Mabuya sp. AAM-2008a`)."""
        words = text.split()
        if not words or not GENUS.fullmatch(words[0]):
            return None
        rest = words[1:]
        if rest and SUBGENUS.fullmatch(rest[0]):
            # `Bos (Bison) bison` names a subgenus, `Cyprinella (Girard, 1856)` an author: two words tell.
            if len(rest) == 1 or not EPITHET.fullmatch(rest[1]):
                return cls(words[0], authorship=" ".join(rest))
            rest = rest[1:]
        epithets: list[str] = []
        while rest and len(epithets) < 2:
            if rest[0] in UNCERTAIN_MARKS:
                return None
            if rest[0] in RANK_MARKS and epithets:
                rest = rest[1:]
            elif EPITHET.fullmatch(rest[0]):
                epithets.append(rest[0])
                rest = rest[1:]
            else:
                break
        if rest and not (rest[0][0] == "(" or rest[0][0].isupper()):
            return None
        epithet, infraspecific = (*epithets, "", "")[:2]
        return cls(words[0], epithet, infraspecific, " ".join(rest))


def first_two_words(scientific_name: str) -> tuple[str, str]:
    """Genus and species as contract B1 fills them; empty for a name of one word."""
    words = scientific_name.split()
    return (words[0][:100], words[1][:100]) if len(words) >= 2 else ("", "")
