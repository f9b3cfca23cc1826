"""What the vision service answers with (contract I1, V1, V4)."""

from typing import Any, Final

from tests.contract.objects_of_animals import ANIMAL_LIST_ITEM
from tests.shapes import absent, instant, list_of, millionths, nullable, number, sha256, url, uuid


def pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(number(each) for each in value)


STATUSES: Final = frozenset({"pending", "processing", "completed", "failed"})

CONVERSION: Final = {
    "id": uuid,
    "download_url": url,
    "metadata": {
        "original_format": str,
        "original_size": pair,
        "converted_size": pair,
        "transformations_applied": dict,
        "checksum": sha256,
    },
    "created_at": instant,
    "expires_at": instant,
}

JOB: Final = {
    "id": uuid,
    "source_conversion": nullable(uuid),
    "conversion_id": absent(uuid),
    "image": nullable(url),
    "dex_compatible_url": nullable(url),
    "image_conversion_status": {"pending", "processing", "completed", "failed", "unnecessary"},
    "post_conversion_transformations": dict,
    "user": uuid,
    "status": STATUSES,
    "progress": absent(number),
    "cv_method": {"openai", "fallback"},
    "model_name": str,
    "detail_level": str,
    "parsed_prediction": str,
    "identified_animal": nullable(uuid),
    "animal_details": nullable(ANIMAL_LIST_ITEM),
    "confidence_score": nullable(number),
    "detected_animals": [
        {
            "scientific_name": str,
            "common_name": str,
            "confidence": nullable(number),
            "animal_id": uuid,
            "creation_index": int,
            "accepted_scientific_name": str,
            "is_new": bool,
        }
    ],
    "suggestions": [{"rank": str, "scientific_name": str, "common_name": str, "score": nullable(number)}],
    "outcome": nullable({"identified", "uncertain", "no_animal"}),
    "score_kind": {"calibrated", "raw", "none"},
    "selected_animal_index": nullable(int),
    "cost_usd": nullable(millionths),
    "processing_time": nullable(number),
    "input_tokens": nullable(int),
    "output_tokens": nullable(int),
    "error_message": str,
    "retry_count": int,
    "created_at": instant,
    "started_at": nullable(instant),
    "completed_at": nullable(instant),
    "duration": nullable(number),
}

JOB_ITEM: Final = {
    "id": uuid,
    "status": STATUSES,
    "parsed_prediction": str,
    "identified_animal": nullable(uuid),
    "cost_usd": nullable(millionths),
    "created_at": instant,
    "completed_at": nullable(instant),
}

LISTED_JOBS: Final = list_of(JOB_ITEM)
