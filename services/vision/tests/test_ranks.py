"""Which rank a set of probabilities supports (offline identifier)."""

from services.vision.ranks import Kind, kinds, roll_up

DOG = {"family": "Canidae", "order": "Carnivora", "class": "Mammalia"}
KNOWN = (
    Kind("Canis familiaris", "species", "beagle", higher=DOG),
    Kind("Canis familiaris", "species", "basset", higher=DOG),
    Kind("Vulpes vulpes", "species", "red fox", higher=DOG),
    Kind("Felis catus", "species", "tabby cat", higher={**DOG, "family": "Felidae"}),
    Kind("Bison", "genus", "bison", higher={"family": "Bovidae", "order": "Artiodactyla", "class": "Mammalia"}),
    Kind("Rodentia", "order", "porcupine", higher={"order": "Rodentia", "class": "Mammalia"}),
    Kind("Aves", "class", "bird", higher={"class": "Aves"}),
    Kind("Triceratops", "genus", "triceratops", is_fossil=True, higher={"class": "Reptilia"}),
)


def read(*probabilities: float) -> tuple[list[str], list[tuple[str, str]], bool]:
    given = list(probabilities) + [0.0] * (len(KNOWN) - len(probabilities))
    reading = roll_up(given, KNOWN)
    suggestions = [(item.rank, item.scientific_name) for item in reading.suggestions]
    return [name.scientific_name for name in reading.names], suggestions, reading.saw_an_animal


def test_many_breeds_are_one_sure_dog() -> None:
    reading = roll_up([0.4, 0.4, 0.06, 0, 0, 0, 0, 0], KNOWN)
    assert [(name.scientific_name, name.common_name, name.score) for name in reading.names] == [
        ("Canis familiaris", "Dog", 0.8)
    ]
    assert reading.score_kind == "raw"
    assert reading.text == "Canis familiaris (Dog)"


def test_a_genus_is_a_name() -> None:
    assert read(0, 0, 0, 0, 0.8)[0] == ["Bison"]


def test_family_then_order_then_class() -> None:
    assert read(0.3, 0.1, 0.3)[:2] == (
        [],
        [("family", "Canidae"), ("species", "Canis familiaris"), ("species", "Vulpes vulpes")],
    )
    assert read(0.3, 0, 0.1, 0.3)[1][0] == ("order", "Carnivora")
    assert read(0.3, 0, 0, 0.1, 0.3)[1][0] == ("class", "Mammalia")


def test_an_own_name_above_a_genus_makes_no_animal() -> None:
    names, suggestions, saw = read(0, 0, 0, 0, 0, 0.95)
    assert (names, saw) == ([], True)
    assert suggestions == [("order", "Rodentia")]


def test_nothing_supported_is_uncertain_with_candidates() -> None:
    names, suggestions, saw = read(0.2, 0, 0, 0, 0.2, 0, 0.3)
    assert (names, saw) == ([], True)
    assert suggestions == [("class", "Aves"), ("species", "Canis familiaris"), ("genus", "Bison")]


def test_half_the_probability_elsewhere_is_no_animal() -> None:
    names, suggestions, saw = read(0.49)
    assert (names, saw) == ([], False)
    assert suggestions == [("species", "Canis familiaris")]
    assert read(0.001)[1] == []


def test_a_fossil_is_never_a_sighting() -> None:
    names, suggestions, saw = read(0, 0, 0, 0, 0, 0, 0, 0.9)
    assert (names, saw) == ([], True)
    assert ("genus", "Triceratops") in suggestions


def test_thresholds_are_reached_not_passed() -> None:
    assert read(0.75)[0] == ["Canis familiaris"]
    assert read(0.7499)[0] == []
    assert read(0.36, 0, 0.30)[1][0] == ("family", "Canidae")


def test_the_table_is_whole() -> None:
    table = kinds()
    assert len(table) == 398
    assert sum(kind.rank in ("species", "subspecies") for kind in table) == 241
    assert {kind.name for kind in table if kind.is_fossil} == {"Triceratops", "Trilobita"}
