"""What the environment may say to the vision service and its worker (contract K)."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from libs.common.settings import ServiceSettings
from services.vision.costs import DEFAULT_MODEL

Method = Literal["openai", "fallback"]
Words = Annotated[tuple[str, ...], NoDecode]
Numbers = Annotated[tuple[float, ...], NoDecode]


class VisionSettings(ServiceSettings):
    """Lists are given separated by commas."""

    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = ""
    openai_model: str = Field(DEFAULT_MODEL, max_length=100)

    cv_method: Method | None = None
    cv_allowed_methods: Words = ("openai", "fallback")
    cv_allowed_models: Words = ()
    cv_allowed_detail_levels: Words = ("auto", "low", "high")
    cv_max_attempts: int = Field(3, ge=1, le=10)
    cv_max_interruptions: int = Field(10, ge=1, description="how often a job may outlive its worker")
    cv_retry_delays_seconds: Numbers = (5.0, 15.0, 45.0)
    cv_request_timeout_seconds: float = Field(25.0, gt=0)
    cv_concurrent_jobs: int = Field(8, ge=1, description="jobs in a worker's hands; most wait for a model")
    cv_lease_seconds: float = Field(15.0, gt=0, description="after this long without a heartbeat a worker is dead")
    cv_poll_seconds: float = Field(1.0, gt=0, description="how often the worker looks without being woken")
    cv_answer_patience_seconds: float = Field(600.0, gt=0, description="then image.identified is announced again")
    cv_daily_calls_per_user: int = Field(2_000, ge=0, description="paid calls for one player in 24 hours; 0: no bound")
    cv_daily_budget_usd: Decimal = Field(
        Decimal(0), ge=0, description="what all calls may cost in 24 hours; 0: no bound"
    )

    unnamed_files_hours: float = Field(
        24.0, ge=0, le=100_000, description="then a file that no row names goes; 0: never"
    )
    max_upload_size_mb: float = Field(10.0, gt=0)
    max_image_pixels: int = Field(50_000_000, ge=1)
    decoder_children: int = Field(2, ge=1)
    decoder_max_waiting: int = Field(8, ge=0)
    decoder_memory_mb: int = Field(1024, ge=256)
    decoder_cpu_seconds: int = Field(5, ge=1, description="processor time that one picture may cost")
    decoder_timeout_seconds: float = Field(20.0, gt=0, description="by the clock, whatever the machine is busy with")

    @field_validator("cv_allowed_methods", "cv_allowed_models", "cv_allowed_detail_levels", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @field_validator("cv_retry_delays_seconds", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        return tuple(float(word) for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @field_validator("unnamed_files_hours")
    @classmethod
    def _long_enough(cls, value: float) -> float:
        if 0 < value < 1:
            raise ValueError("an upload that is under way has no row yet; give at least an hour, or 0")
        return value

    @model_validator(mode="after")
    def _sensible_defaults(self) -> Self:
        if self.cv_method is None:
            self.cv_method = "openai" if self.openai_api_key.get_secret_value() else "fallback"
        if not self.cv_allowed_models:
            self.cv_allowed_models = (self.openai_model,)
        if not self.cv_retry_delays_seconds:
            self.cv_retry_delays_seconds = (0.0,)
        return self

    @property
    def default_method(self) -> Method:
        """`openai` with a key, `fallback` without, unless said otherwise."""
        return self.cv_method or "fallback"

    @property
    def max_upload_bytes(self) -> int:
        return int(self.max_upload_size_mb * 1024 * 1024)
