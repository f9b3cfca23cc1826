"""The dex service: who caught what, and who may see it."""

from libs.common.service import create_service
from services.dex.counting import keep_counting
from services.dex.handlers import handlers
from services.dex.routes import router
from services.dex.settings import DexSettings

app = create_service("dex", DexSettings(), router, handlers, background=[keep_counting])
