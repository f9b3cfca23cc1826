"""Animals whose places are told coarsely although they are not listed as threatened (contract D1).

The list is ours. A taxon is on it when people seek it out to take eggs or young, to poison, trap or sell it, or when
a crowd at a den, roost or nest makes it give up its young. Threatened animals need no place here: their status
already counts.
"""

from typing import Final

GENERA: Final = frozenset(
    {
        "aquila",  # eggs and young taken, poisoned baits
        "bubo",  # nests given up after visits
        "gyps",  # poisoned baits
        "haliaeetus",  # nests given up after visits
        "manis",  # the most traded mammals there are
        "nyctibius",  # crowds at the day roost
        "phataginus",
        "smutsia",
        "strix",  # baited for photographs
    }
)
SPECIES: Final = frozenset(
    {
        "accipiter gentilis",  # young taken for falconry
        "astur gentilis",
        "alcedo atthis",  # crowds at the nest bank
        "canis lupus",  # shot and poisoned
        "circus pygargus",  # nests in crops
        "falco cherrug",
        "falco peregrinus",  # eggs and young taken
        "falco rusticolus",
        "felis silvestris",  # killed as a stray
        "lutra lutra",  # crowds at the holt
        "lynx lynx",  # poached
        "milvus milvus",  # poisoned baits
        "pandion haliaetus",  # eggs taken
        "parnassius apollo",  # collected
        "python regius",  # collected for sale
        "testudo hermanni",
        "tyto alba",  # roosts given up after visits
        "ursus arctos",  # poached
        "vipera berus",  # killed at the winter den
    }
)


def is_sensitive(scientific_name: str) -> bool:
    """Whether the name, a binomial or a genus in any case, is on the list; pets of a listed species are not."""
    name = scientific_name.lower()
    return name in SPECIES or name.partition(" ")[0] in GENERA
