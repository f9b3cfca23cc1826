"""The small service as an application."""

from libs.common.service import create_service
from libs.common.settings import ServiceSettings
from tests.faults.small.teller import SERVICE, handlers, router

app = create_service(SERVICE, ServiceSettings(), router, handlers)
