"""The objects of sections A and X."""

from tests.shapes import absent, hundredths, instant, nullable, uuid

CONSERVATION = {"EX", "EW", "CR", "EN", "VU", "NT", "LC", "DD", "NE"}
RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
HIERARCHY = dict.fromkeys(RANKS, str)

ANIMAL_LIST_ITEM = {
    "id": uuid,
    "scientific_name": str,
    "common_name": str,
    "conservation_status": CONSERVATION,
    "creation_index": int,
    "created_by_username": nullable(str),
    "verified": bool,
}

ANIMAL = {
    **ANIMAL_LIST_ITEM,
    **dict.fromkeys(("kingdom", "phylum", "class_name", "order", "family", "genus", "species"), str),
    **dict.fromkeys(("description", "habitat", "diet"), str),
    "interesting_facts": list,
    "created_by": nullable(uuid),
    "created_at": instant,
    "updated_at": instant,
    "taxonomic_tree": HIERARCHY,
    "discovery_count": int,
}

READ_BY_THE_CLIENT = (
    *("id", "creation_index", "scientific_name", "common_name", "genus", "species", "subspecies", "family", "order"),
    *("class", "phylum", "kingdom", "verified", "source_taxon_id", "description", "habitat", "conservation_status"),
    *("created_at", "updated_at"),
)
"""Keys that may be missing from an animal, but never null (contract A1)."""

COMMON_NAME = {"name": str, "language": str, "country": str, "is_preferred": bool}

TAXON_MINIMAL = {
    "id": uuid,
    "scientific_name": str,
    "rank_name": absent(str),
    "status": {"accepted", "synonym", "provisional", "ambiguous", "misapplied", "doubtful"},
    **dict.fromkeys(("kingdom", "phylum", "class_name", "order", "family", "genus"), str),
    **dict.fromkeys(("specific_epithet", "infraspecific_epithet", "source_name"), str),
    "completeness_score": nullable(hundredths),
    "common_names": [COMMON_NAME],
}

SOURCE = {
    "id": uuid,
    **dict.fromkeys(("name", "short_code", "full_name", "url", "update_frequency", "license"), str),
    "is_active": bool,
    "priority": int,
}

DISTRIBUTION = dict.fromkeys(
    ("area_code", "gazetteer", "area_name", "establishment_means", "occurrence_status", "threat_status"), str
)

TAXON = {
    "id": uuid,
    "source": SOURCE,
    **dict.fromkeys(("source_taxon_id", "scientific_name", "authorship"), str),
    "rank": nullable({"name": str, "level": int, "plural": str}),
    "status": {"accepted"},
    **dict.fromkeys(("kingdom", "phylum", "class_name", "order", "family", "subfamily", "genus", "species"), str),
    **dict.fromkeys(("subspecies", "generic_name", "specific_epithet", "infraspecific_epithet"), str),
    "extinct": nullable(bool),
    "environment": [str],
    **dict.fromkeys(("nomenclatural_code", "source_url"), str),
    "completeness_score": nullable(hundredths),
    "confidence_score": nullable(hundredths),
    "common_names": [COMMON_NAME],
    "distributions": [DISTRIBUTION],
    "full_hierarchy": dict.fromkeys((*RANKS, "subspecies"), str),
    "created_at": instant,
    "updated_at": instant,
}
