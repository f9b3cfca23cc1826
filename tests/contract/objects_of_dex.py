"""What the dex service answers with (contract D1, D2, D12)."""

from typing import Final

from tests.contract.objects_of_animals import ANIMAL_LIST_ITEM
from tests.shapes import computed_instant, instant, list_of, millionths, nullable, number, sha256, url, uuid

VISIBILITIES: Final = frozenset({"private", "friends", "public"})

DEX_ENTRY: Final = {
    "id": uuid,
    "owner": uuid,
    "owner_username": str,
    "animal": uuid,
    "animal_details": ANIMAL_LIST_ITEM,
    "original_image": nullable(url),
    "processed_image": nullable(url),
    "location_lat": nullable(millionths),
    "location_lon": nullable(millionths),
    "location_name": str,
    "location_coords": nullable([number]),
    "notes": str,
    "customizations": dict,
    "catch_date": instant,
    "visibility": VISIBILITIES,
    "is_favorite": bool,
    "created_at": instant,
    "updated_at": instant,
}

NEW_ENTRY: Final = {
    "id": uuid,
    "animal": uuid,
    "source_vision_job": nullable(uuid),
    "original_image": nullable(url),
    "location_lat": nullable(millionths),
    "location_lon": nullable(millionths),
    "location_name": str,
    "notes": str,
    "catch_date": instant,
    "visibility": VISIBILITIES,
}

ENTRY_ITEM: Final = {
    "id": uuid,
    "owner_username": str,
    "animal": uuid,
    "animal_name": str,
    "original_image": nullable(url),
    "catch_date": instant,
    "visibility": VISIBILITIES,
    "is_favorite": bool,
}

LISTED_ENTRIES: Final = list_of(ENTRY_ITEM)

SYNC_ITEM: Final = {
    "id": uuid,
    "animal_id": uuid,
    "creation_index": int,
    "scientific_name": str,
    "common_name": str,
    "owner_username": str,
    "dex_compatible_url": url,
    "image_checksum": sha256,
    "image_updated_at": instant,
    "catch_date": instant,
    "is_favorite": bool,
    "updated_at": instant,
}

SYNC: Final = {"entries": [SYNC_ITEM], "server_time": computed_instant, "count": int, "deleted": [uuid]}
