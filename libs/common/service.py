"""Assembles a service: one lifespan runs its HTTP side, its consumers and its relay (design §5)."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import nats.errors
import nats.js.errors
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route

from libs.common import database_figures, edge, health, openapi, telemetry
from libs.common.availability import is_away
from libs.common.blobs import Blobs
from libs.common.bus import Bus
from libs.common.calls import Peers
from libs.common.consistency import Progress
from libs.common.db import Database
from libs.common.ending import end
from libs.common.errors import Failure, FieldErrors, MethodNotAllowed, NotFound
from libs.common.forgetting import Forgetting
from libs.common.handlers import Handlers
from libs.common.inbox import Acknowledgement, Inbox
from libs.common.logs import configure_logs, log
from libs.common.projector import Projector
from libs.common.pruning import Pruning
from libs.common.relay import Relay
from libs.common.revocations import Revocations
from libs.common.settings import ServiceSettings
from libs.common.telemetry import configure_error_reports, configure_traces
from libs.common.tokens import TokenVerifier
from libs.common.validation import field_errors
from libs.common.version import VERSION
from libs.common.watchdog import Watchdog, ensure

Background = Callable[["Service"], Awaitable[None]]
Readiness = Callable[[AsyncSession], Awaitable[bool]]
RESTART_SECONDS: Final = 1.0


async def _always(_session: AsyncSession) -> bool:
    return True


@dataclass
class Service:
    """What a running service has at hand; also `request.app.state.service`."""

    name: str
    settings: ServiceSettings
    db: Database
    bus: Bus
    blobs: Blobs
    calls: Peers
    tokens: TokenVerifier
    revocations: Revocations
    progress: Progress
    handlers: Handlers
    watchdog: Watchdog
    background: Sequence[Background] = ()
    ready: Readiness = _always
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    def start(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Runs `work` until the service ends; should it fail, it is logged and begun anew."""

        async def keep_going() -> None:
            while True:
                try:
                    await work()
                    return
                except Exception as error:  # noqa: BLE001 - a background task must not die silently
                    if is_away(error):
                        log.warning("background.postponed", task=name, error=type(error).__name__)
                    else:
                        log.error("background.failed", task=name, exc_info=error)
                        telemetry.report_error(error)
                    await asyncio.sleep(RESTART_SECONDS)

        self.tasks.append(asyncio.create_task(keep_going(), name=name))


def create_service(
    name: str,
    settings: ServiceSettings,
    router: APIRouter,
    handlers: Handlers | None = None,
    *,
    background: Sequence[Background] = (),
    ready: Readiness = _always,
) -> FastAPI:
    """The service as an ASGI application.

    `handlers` react to events; each of `background` is a coroutine function of the running `Service`; `ready` says
    whether its own data are there, beside the migrated schema.
    """
    configure_logs(name, debug=settings.debug)
    configure_traces(name, settings.otel_exporter_otlp_endpoint)
    configure_error_reports(name, settings.environment, settings.sentry_dsn.get_secret_value())
    service = _assemble(name, settings, handlers or Handlers(name), background)
    service.ready = ready

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        _spare_the_collector()
        _start(service)
        try:
            yield
        finally:
            await _stop(service)

    app = FastAPI(
        title=f"BiologiDex {name}",
        version=VERSION,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # One span a request, by the framework itself; our own metrics and logs have the names of the contract.
        telemetry={"operation_spans": False, "metrics": False, "logs": False, "exclude": edge.is_quiet},
    )
    app.state.service = service
    # As they are: an included router would match each request twice, once for itself and once for its routes.
    app.router.routes.extend([*health.router.routes, *_flat(router)])
    openapi.serve(app)
    _answer_failures(app)
    app.add_middleware(edge.Edge, wait_for=service.progress.wait_for)
    return app


def _flat(router: APIRouter) -> Iterator[BaseRoute]:
    """The routes of a router and of those it includes."""
    for route in router.routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from _flat(included)


def _assemble(name: str, settings: ServiceSettings, handlers: Handlers, background: Sequence[Background]) -> Service:
    database = Database.of(settings, name)
    acknowledgement = type("Acknowledgement", (Acknowledgement,), {"db": database, "__slots__": ()})
    bus = Bus(settings.nats_url.get_secret_value(), name=name, middlewares=(acknowledgement,))
    progress = Progress(database, handlers.witnesses)
    return Service(
        name=name,
        settings=settings,
        db=database,
        bus=bus,
        blobs=Blobs(settings.blob_url, settings.public_base_url),
        calls=Peers({"users": settings.users_url, "animals": settings.animals_url, "vision": settings.vision_url}),
        tokens=TokenVerifier(settings.jwks_url),
        revocations=Revocations(bus, timedelta(minutes=settings.jwt_access_token_lifetime_minutes)),
        progress=progress,
        handlers=handlers,
        watchdog=Watchdog(
            bus, handlers, replicas=settings.event_stream_replicas, max_bytes=settings.event_stream_max_bytes
        ),
        background=background,
    )


def _spare_the_collector() -> None:
    """What is imported by now stays for good: looking through it again and again doubled the cost of a large answer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _start(service: Service) -> None:
    """Starts everything that runs beside HTTP; nothing of it is awaited, so HTTP is there at once."""
    relay = Relay(service.db, service.bus)
    service.db.relay = relay
    telemetry.bus_connected.set_function(lambda: float(service.bus.connected))
    service.start(lambda: _consume(service), "consumers")
    service.start(relay.run, "relay")
    service.start(Forgetting(service.db, service.bus).run, "forgetting")
    service.start(Pruning(service.db, service.settings.outbox_days).run, "pruning")
    service.start(service.revocations.follow, "revocations")
    service.start(lambda: database_figures.watch(service.db), "database figures")
    service.start(service.watchdog.watch_bus, "watchdog")
    service.start(service.watchdog.tick, "pulse")
    service.start(service.bus.unstick, "unstick")
    for work in service.background:
        service.start(lambda work=work: work(service), getattr(work, "__name__", "background"))  # type: ignore[misc]


async def _consume(service: Service) -> None:
    """Connects, makes sure that the durables are there, and lets the handlers begin."""
    await service.bus.connect()
    while True:
        try:
            await ensure(bus=service.bus, handlers=service.handlers, stream=service.watchdog.stream)
            break
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
            log.warning("bus.not_provisioned", error=type(error).__name__)
            await asyncio.sleep(RESTART_SECONDS)
    Inbox(service.handlers, service.db, service.bus, service.progress).subscribe()
    await service.bus.broker.start()
    for handler in service.handlers.all:
        if handler.many is not None:
            service.start(Projector(handler, service.db, service.bus, service.progress).run, handler.durable)


async def _stop(service: Service) -> None:
    """Ends in an order in which nothing is lost: tasks, consumers, connection, calls, database."""
    await end(service.tasks)
    await service.bus.close()
    await service.calls.close()
    await service.db.close()


def _methods_at(request: Request) -> list[str]:
    """All methods of all routes at the request's path; the framework names only those of the first."""
    path, methods = request.scope["path"], set[str]()
    for route in request.app.router.routes:
        if isinstance(route, Route) and route.path_regex.match(path):
            methods |= route.methods or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def _answer_failures(app: FastAPI) -> None:
    @app.exception_handler(Failure)
    async def expected(_request: Request, failure: Failure) -> Response:
        return Response(failure.encoded(), failure.status, failure.headers, media_type="application/json")

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        errors = error.errors()
        if any(part["loc"][:1] == ("path",) for part in errors):
            return await expected(request, NotFound())
        return await expected(request, FieldErrors(field_errors(errors)))

    @app.exception_handler(HTTPException)
    async def by_the_framework(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return await expected(request, NotFound())
        if error.status_code == 405:
            return await expected(request, MethodNotAllowed(request.method, ", ".join(_methods_at(request))))
        return await expected(request, Failure({"detail": str(error.detail)}, status=error.status_code))
