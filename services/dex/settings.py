"""What the environment may say to dex."""

from pydantic import Field

from libs.common.settings import ServiceSettings


class DexSettings(ServiceSettings):
    batch_sync_max_users: int = Field(500, ge=1)
