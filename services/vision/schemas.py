"""What the vision API takes and gives (contract I1, V1-V9)."""

from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer
from starlette.datastructures import UploadFile

from libs.common.values import Input, Instant, Integral, Output, Uuid, fixed
from libs.contracts.event import Picture as PictureFact
from services.vision.models import ImageConversion, Picture

Microdollars = Annotated[Decimal, fixed(6)]


def _nothing_if_blank(value: Any) -> Any:
    return None if value == "" else value


File = Annotated[UploadFile | None, BeforeValidator(_nothing_if_blank)]


class ConversionRequest(Input):
    image: File = None
    transformations: Any = Field(None, description="a JSON object, or its text: rotation, crop")


class JobRequest(Input):
    """Either `conversion_id` or `image`."""

    conversion_id: Any = None
    image: File = None
    transformations: Any = Field(None, description="of `image`: a JSON object, or its text")
    post_conversion_transformations: Any = Field(None, description="already applied by the conversion; stored only")
    cv_method: str | None = None
    model_name: str | None = Field(None, max_length=100)
    detail_level: str | None = Field(None, max_length=20)


class RetryRequest(Input):
    transformations: Any = None


class Selection(Input):
    animal_index: Annotated[int, Integral] | None = None
    animal_id: Uuid | None = None


class PictureUpload(Input):
    image: File = None


class ConversionMetadata(Output):
    original_format: str
    original_size: tuple[int, int]
    converted_size: tuple[int, int]
    transformations_applied: dict[str, Any]
    checksum: str


class Conversion(Output):
    id: UUID
    download_url: str
    metadata: ConversionMetadata
    created_at: Instant
    expires_at: Instant

    @classmethod
    def of(cls, conversion: ImageConversion, picture: Picture, public_base_url: str) -> Self:
        return cls(
            id=conversion.id,
            download_url=f"{public_base_url}/api/v1/images/convert/{conversion.id}/download/",
            metadata=ConversionMetadata(
                original_format=conversion.original_format,
                original_size=(conversion.original_width, conversion.original_height),
                converted_size=(picture.width, picture.height),
                transformations_applied=conversion.transformations_applied,
                checksum=picture.sha256,
            ),
            created_at=conversion.created_at,
            expires_at=conversion.expires_at,
        )


class AnimalListItem(Output):
    """As contract A1; `id`, never `animal_id`."""

    id: UUID
    scientific_name: str
    common_name: str
    conservation_status: str
    creation_index: int
    created_by_username: str | None
    verified: bool


class DetectedAnimal(Output):
    scientific_name: str
    common_name: str
    confidence: float | None
    animal_id: UUID
    creation_index: int
    accepted_scientific_name: str
    is_new: bool


class Suggestion(Output):
    rank: str
    scientific_name: str
    common_name: str
    score: float | None


class Job(Output):
    """The whole job (contract V1). `conversion_id` is absent, not null, where there is no conversion."""

    id: UUID
    source_conversion: UUID | None
    conversion_id: UUID | None
    image: str | None
    dex_compatible_url: str | None
    image_conversion_status: str
    post_conversion_transformations: dict[str, Any]
    user: UUID
    status: str
    cv_method: str
    model_name: str
    detail_level: str
    parsed_prediction: str
    identified_animal: UUID | None
    animal_details: AnimalListItem | None
    confidence_score: float | None
    detected_animals: list[DetectedAnimal]
    suggestions: list[Suggestion]
    outcome: str | None
    score_kind: str
    selected_animal_index: int | None
    cost_usd: Microdollars | None
    processing_time: float | None
    input_tokens: int | None
    output_tokens: int | None
    error_message: str
    retry_count: int
    created_at: Instant
    started_at: Instant | None
    completed_at: Instant | None
    duration: float | None

    @model_serializer(mode="wrap")
    def _without_empty_conversion(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        given: dict[str, Any] = serialize(self)
        if given["conversion_id"] is None:
            del given["conversion_id"]
        return given


class JobListItem(Output):
    id: UUID
    status: str
    parsed_prediction: str
    identified_animal: UUID | None
    cost_usd: Microdollars | None
    created_at: Instant
    completed_at: Instant | None


class JobStats(Output):
    total_jobs: int
    pending: int
    processing: int
    completed: int
    failed: int
    total_cost_usd: float
    avg_processing_time: float | None


class PrivateJob(Output):
    """A job as the dex service sees it."""

    id: UUID
    user_id: UUID
    status: str
    picture: PictureFact | None
