"""What the environment may say to social: nothing of its own."""

from libs.common.settings import ServiceSettings


class SocialSettings(ServiceSettings):
    pass
