"""Traces by OpenTelemetry, metrics for Prometheus: what every service measures about itself."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics

from libs.common.logs import request_id
from libs.common.version import REVISION, VERSION

disable_created_metrics()  # type: ignore[no-untyped-call]

tracer: Final = trace.get_tracer("biologidex")

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

http_requests = Histogram(
    "http_server_request_duration_seconds",
    "Requests by route template, as this service saw them.",
    ["method", "route", "status"],
    buckets=BUCKETS,
)
events_published = Counter("events_published_total", "Events that the bus has acknowledged.")
events_handled = Counter("events_handled_total", "Events by handler and outcome.", ["consumer", "outcome"])
event_seconds = Histogram("event_handling_duration_seconds", "Time in a handler.", ["consumer"], buckets=BUCKETS)
outbox_waiting = Gauge("outbox_waiting", "Events recorded and not yet published.")
outbox_age = Gauge("outbox_oldest_age_seconds", "Age of the oldest event not yet published.")
consumer_pending = Gauge("consumer_pending", "Events that a handler has yet to see.", ["consumer"])
consumer_redelivered = Gauge("consumer_redelivered", "Events delivered more than once and not done.", ["consumer"])
consumer_missing = Gauge("consumer_missing", "1 while the bus does not know the handler's durable.", ["consumer"])
dead_letters = Counter("dead_letters_total", "Events set aside for a person to look at.", ["consumer"])
dead_letters_waiting = Gauge("dead_letters_waiting", "Events that are set aside at present; at most 1000 are counted.")
log_bytes = Gauge("event_log_bytes", "Size of the event log.")
log_max_bytes = Gauge("event_log_max_bytes", "How large it may become; 0 if nobody has said so.")
log_messages = Gauge("event_log_messages", "Events in it.")
db_queries = Counter("django_db_queries_total", "SQL statements by their first word.", ["operation"])
db_query_seconds = Histogram(
    "django_db_query_duration_seconds",
    "Time of SQL statements, as this process waited for them.",
    ["operation"],
    buckets=BUCKETS,
)
loop_lag = Gauge("event_loop_lag_seconds", "How late the event loop was at its worst in the last 15 seconds.")
shed = Counter("shed_requests_total", "Requests refused at the door: the process had all its places taken.")
bus_connected = Gauge("bus_connected", "1 while the broker is reachable.")
clock = Gauge("process_clock_seconds", "What the process takes for the time; who scrapes it has a clock of its own.")
clock.set_function(time.time)
build = Info("build", "What runs here.")
build.info({"version": VERSION, "commit": REVISION})


def configure_traces(service: str, otlp_endpoint: str) -> None:
    """Sets the tracer provider of this process; spans are exported only when an endpoint is configured."""
    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.namespace": "biologidex"}))
    if otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        endpoint = otlp_endpoint.rstrip("/") + "/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


def carried() -> dict[str, str]:
    """The trace and the correlation id at work, to be written beside what goes on with them later."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    if at_work := request_id.get():
        carrier["correlation_id"] = at_work
    return carrier


@contextmanager
def continued(carrier: Mapping[str, str], name: str, *, since: float | None = None) -> Iterator[None]:
    """Goes on with what `carried` has written down, as a span called `name`; `since`: when it began, if before now.

    What is at work meanwhile is another matter: the span only names it, as its occasion.
    """
    token = request_id.set(carrier.get("correlation_id", ""))
    occasion = trace.get_current_span().get_span_context()
    links = [trace.Link(occasion)] if occasion.is_valid else []
    began = None if since is None else int(since * 1e9)
    try:
        # From nothing but the carrier: where it holds no trace, this is a new one and no part of what is at work.
        context = propagate.extract(carrier, Context())
        with tracer.start_as_current_span(name, context=context, links=links, start_time=began):
            yield
    finally:
        request_id.reset(token)


def configure_error_reports(service: str, environment: str, dsn: str) -> None:
    """Has unexpected errors reported to Sentry, if a DSN is configured; never bodies, users or local variables."""
    if not dsn:
        return
    import sentry_sdk  # Only where it is used: it is a megabyte of memory.

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        server_name=service,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        default_integrations=False,
        integrations=[],
        shutdown_timeout=1,
    )


def report_error(error: BaseException) -> None:
    """Tells Sentry, where it is configured, of an error that nobody expected."""
    if (sentry := sys.modules.get("sentry_sdk")) is not None:
        sentry.capture_exception(error)
