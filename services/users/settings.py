"""What the environment says to the users service (contract K)."""

from functools import cached_property
from typing import Annotated, Literal

from fastapi import Depends, Request
from pydantic import Field, SecretStr

from libs.common.settings import ServiceSettings
from services.users.keys import Keyring


class UsersSettings(ServiceSettings):
    """Besides what every service has: how tokens are signed and how often one may guess."""

    jwt_private_key: SecretStr = Field(SecretStr(""), description="Ed25519, PEM; unset: a new one at each start")
    jwt_key_id: str = Field("", description="`kid` of the signing key; unset: its thumbprint")
    jwt_retired_keys: dict[str, str] = Field({}, description="public keys (PEM) by `kid`, good until their tokens end")
    jwt_refresh_token_lifetime_days: int = Field(7, ge=1)
    jwt_refresh_reuse: Literal["compatible", "strict"] = "compatible"
    login_failure_limit: int = Field(10, ge=1)
    login_failure_window_seconds: int = Field(900, ge=1)
    throttle_friend_code_rate: str = Field("60/hour", pattern=r"^(off|\d+/[smhd][a-z]*)$")

    @classmethod
    def required_in_production(cls) -> tuple[str, ...]:
        return (*super().required_in_production(), "jwt_private_key", "jwt_key_id")

    @cached_property
    def keyring(self) -> Keyring:
        """The keys of these settings, read once."""
        return Keyring(self.jwt_private_key.get_secret_value(), self.jwt_key_id, self.jwt_retired_keys)


def _settings(request: Request) -> UsersSettings:
    settings: UsersSettings = request.app.state.service.settings
    return settings


Settings = Annotated[UsersSettings, Depends(_settings)]
