"""What the environment and secret files may say to any service (contract K); a service adds its own by a subclass."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

from libs.common.secret_files import secrets_folder


class ServiceSettings(BaseSettings):
    """Settings by environment variables of the same names in upper case. In production secrets have no default."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    environment: Literal["embedded", "test", "production"] = "embedded"
    debug: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    public_base_url: str = "http://127.0.0.1:8000"
    secret_key: SecretStr = SecretStr("")
    database_url: SecretStr = SecretStr("")
    nats_url: SecretStr = SecretStr("nats://127.0.0.1:4222")
    blob_url: str = ""
    gcs_bucket_name: str = Field("", description="the same as BLOB_URL=gs://name, for those who know it by this name")
    sentry_dsn: SecretStr = SecretStr("")
    jwks_url: str = ""
    users_url: str = ""
    animals_url: str = ""
    vision_url: str = ""
    jwt_access_token_lifetime_minutes: int = Field(60, ge=1)
    otel_exporter_otlp_endpoint: str = ""
    prometheus_metrics_enabled: bool = True
    database_pool_size: int = Field(5, ge=1)
    database_pool_overflow: int = Field(10, ge=0)
    outbox_days: int = Field(90, ge=0, description="how long a published event stays whole in the outbox; 0: for ever")
    event_stream_replicas: int = Field(1, ge=1)
    event_stream_max_bytes: int = Field(0, ge=0, description="0: a share of the free disk as the server sees it")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code wins over the environment, and that over the files of `SECRETS_DIR`."""
        folder = secrets_folder()
        files = (SecretsSettingsSource(settings_cls, secrets_dir=folder),) if folder else ()
        return (init_settings, env_settings, *files)

    @model_validator(mode="after")
    def _production_has_its_secrets(self) -> Self:
        if self.gcs_bucket_name and not self.blob_url:
            self.blob_url = f"gs://{self.gcs_bucket_name}"
        if self.environment == "production":
            missing = [name for name in self.required_in_production() if not self._is_given(name)]
            if missing:
                raise ValueError(f"production needs {', '.join(name.upper() for name in missing)}")
        self.public_base_url = self.public_base_url.rstrip("/")
        return self

    @classmethod
    def required_in_production(cls) -> tuple[str, ...]:
        """Names of the settings without which this service refuses to start in production."""
        return ("secret_key", "public_base_url", "database_url", "nats_url", "blob_url", "jwks_url")

    def _is_given(self, name: str) -> bool:
        value = getattr(self, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        return bool(text) and name in self.model_fields_set
