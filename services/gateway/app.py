"""The gateway: the one door to the mesh."""

from libs.common.logs import configure_logs
from libs.common.telemetry import configure_traces
from services.gateway.edge import Edge
from services.gateway.house import House
from services.gateway.settings import GatewaySettings

settings = GatewaySettings()
configure_logs("gateway", debug=settings.debug)
configure_traces("gateway", settings.otel_exporter_otlp_endpoint)
app = Edge(House(settings))
