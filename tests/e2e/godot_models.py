"""The typed reads of the game's screens: every field that it reads, as strictly as it reads it (`*`, `!null`)."""

from dataclasses import dataclass

from tests.e2e.gdscript import Aborted, Record

ANIMAL_FIELDS = (
    *("id", "creation_index", "scientific_name", "common_name", "genus", "species", "subspecies", "family", "order"),
    *("class", "phylum", "kingdom", "verified", "source_taxon_id", "description", "habitat", "conservation_status"),
    *("created_at", "updated_at"),
)
RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species")


@dataclass(frozen=True)
class Animal:
    """The game's animal model, from any answer that holds one."""

    id: str
    creation_index: int
    scientific_name: str
    common_name: str

    @classmethod
    def read(cls, record: Record) -> "Animal":
        record.never_null(*ANIMAL_FIELDS)
        if record.has("animal_id"):  # The game would prefer it over `id`.
            raise Aborted(f"{record.where} has an animal_id")
        record.flag("verified")
        return cls(
            record.some_text("id"),
            record.there("creation_index").integer("creation_index"),
            record.some_text("scientific_name"),
            record.some_text("common_name"),
        )


@dataclass(frozen=True)
class Detection:
    """One animal that a photo shows."""

    animal_id: str
    scientific_name: str
    common_name: str
    creation_index: int

    @classmethod
    def read(cls, record: Record) -> "Detection":
        record.there("scientific_name", "common_name", "animal_id", "creation_index").variant("confidence")
        return cls(
            record.some_text("animal_id"),
            record.some_text("scientific_name"),
            record.text("common_name"),
            record.integer("creation_index"),
        )


@dataclass(frozen=True)
class Job:
    """A vision job; `card` is what the result card shows."""

    id: str
    status: str
    error: str
    detections: list[Detection]
    card: Animal | Detection | None
    picture: str

    @classmethod
    def read(cls, record: Record) -> "Job":
        record.record("post_conversion_transformations")
        record.number("progress")
        record.integer("retry_count")
        record.some_text("created_at")
        record.some_text("user")
        detections = [Detection.read(each) for each in record.records("detected_animals")]
        details = Animal.read(record.record("animal_details")) if record.variant("animal_details") else None
        card: Animal | Detection | None = detections[0] if detections else None
        if card and details and details.id == detections[0].animal_id:
            card = details  # The only way in which the number reaches the camera screen.
        status = record.some_text("status")
        if status not in ("pending", "processing", "completed", "failed"):
            raise Aborted(f"{record.where}.status is {status}: the game would poll for ever")
        return cls(
            record.some_text("id"),
            status,
            record.there("error_message").text("error_message"),
            detections,
            card,
            record.variant("dex_compatible_url") or "",
        )


@dataclass(frozen=True)
class SyncItem:
    """One entry of a dex, as it is kept on the device."""

    id: str
    animal_id: str
    creation_index: int
    scientific_name: str
    common_name: str
    owner: str
    picture: str
    checksum: str
    caught: str
    updated: str
    is_favorite: bool

    @classmethod
    def read(cls, record: Record) -> "SyncItem":
        return cls(
            record.some_text("id"),
            record.some_text("animal_id"),
            record.there("creation_index").integer("creation_index"),
            record.some_text("scientific_name"),
            record.there("common_name").text("common_name"),
            record.some_text("owner_username"),
            record.some_text("dex_compatible_url"),
            record.some_text("image_checksum"),
            record.some_text("catch_date"),
            record.some_text("updated_at"),
            record.flag("is_favorite"),
        )


@dataclass(frozen=True)
class Friend:
    """A card in the friend list."""

    id: str
    name: str
    code: str
    catches: int
    species: int

    @classmethod
    def read(cls, record: Record) -> "Friend":
        record.there("avatar", "total_catches", "unique_species")
        if record.variant("avatar") is not None:
            record.some_text("avatar")
        return cls(
            record.some_text("id"),
            record.some_text("username"),
            record.some_text("friend_code"),
            record.integer("total_catches"),
            record.integer("unique_species"),
        )


@dataclass(frozen=True)
class Request:
    """A friend request that waits for an answer."""

    id: str
    name: str
    day: str

    @classmethod
    def read(cls, record: Record) -> "Request":
        sender = Friend.read(record.there("from_user_details").record("from_user_details"))
        return cls(record.some_text("id"), sender.name, record.some_text("created_at")[:10])


@dataclass(frozen=True)
class Taxon:
    """A result of the search of the manual entry, as it is sent on."""

    fields: dict[str, str]
    shown: str

    @classmethod
    def read(cls, record: Record) -> "Taxon":
        names = record.there("common_names").records("common_names")
        record.text("infraspecific_epithet")
        keys = ("kingdom", "phylum", "class_name", "order", "family", "genus")
        fields = {"scientific_name": record.some_text("scientific_name")}
        fields |= {key: record.there(key).text(key) for key in keys}
        fields["species"] = record.there("specific_epithet").text("specific_epithet")
        shown = names[0].some_text("name") if names else ""
        return cls(fields | ({"common_name": shown} if shown else {}), shown)
