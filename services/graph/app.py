"""The graph service."""

from libs.common.service import create_service
from services.graph.handlers import handlers
from services.graph.kept import Kept
from services.graph.routes import router
from services.graph.settings import GraphSettings

settings = GraphSettings()
app = create_service("graph", settings, router, handlers)
app.state.kept = Kept(most_bytes=settings.graph_cache_megabytes * 1024 * 1024)
