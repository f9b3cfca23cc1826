"""The users service: accounts, tokens, profiles and friend codes."""

from libs.common.service import create_service
from services.users.activity import watch_activity
from services.users.expiry import purge_expired
from services.users.handlers import handlers
from services.users.routes import router
from services.users.settings import UsersSettings

app = create_service("users", UsersSettings(), router, handlers, background=(watch_activity, purge_expired))
