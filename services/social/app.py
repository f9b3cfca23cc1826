"""The social service: who is friends with whom."""

from libs.common.service import create_service
from services.social.handlers import handlers
from services.social.routes import router
from services.social.settings import SocialSettings

app = create_service("social", SocialSettings(), router, handlers)
