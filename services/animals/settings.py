"""What the environment may say to the animals service: nothing beyond what every service hears."""

from libs.common.settings import ServiceSettings


class AnimalsSettings(ServiceSettings):
    """Typed environment of the animals service."""
