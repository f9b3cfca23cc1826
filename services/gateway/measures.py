"""What the gateway counts of every request, under the names that monitors already know (contract O4)."""

from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram

from libs.common.telemetry import BUCKETS

in_progress = Gauge("django_http_requests_in_progress", "Requests being answered.")
_requests = Counter("django_http_requests_total", "Requests by route template.", ["method", "endpoint", "status_code"])
_seconds = Histogram(
    "django_http_request_duration_seconds", "Time to the end of the answer.", ["method", "endpoint"], buckets=BUCKETS
)
_api_requests = Counter("api_requests_total", "Requests to the API.", ["method", "endpoint", "status_code", "version"])
_api_seconds = Histogram(
    "api_request_duration_seconds",
    "Time to the end of an API answer.",
    ["method", "endpoint", "version"],
    buckets=BUCKETS,
)
retries = Counter("gateway_retries_total", "Requests sent to a service a second time.", ["upstream"])
shed = Counter("gateway_shed_total", "Requests refused because a service had all its places taken.", ["upstream"])
throttled = Counter("gateway_throttled_total", "Requests over budget.", ["budget"])
in_flight = Gauge("gateway_in_flight", "Requests at a service.", ["upstream", "kind"])
disk_free = Gauge("pictures_disk_free_bytes", "Room left where pictures are kept; 0 where that is a bucket.")
disk_size = Gauge("pictures_disk_bytes", "All the room there; 0 where it is a bucket.")


@lru_cache(maxsize=2048)
def _series(method: str, endpoint: str, status: int) -> tuple[tuple[Counter, ...], tuple[Histogram, ...]]:
    counters = [_requests.labels(method, endpoint, str(status))]
    histograms = [_seconds.labels(method, endpoint)]
    if endpoint.startswith("/api/v"):
        version = endpoint.split("/", 3)[2]
        counters.append(_api_requests.labels(method, endpoint, str(status), version))
        histograms.append(_api_seconds.labels(method, endpoint, version))
    return tuple(counters), tuple(histograms)


@lru_cache(maxsize=256)
def _refused(method: str, endpoint: str) -> tuple[Counter, ...]:
    return _series(method, endpoint, 503)[0]


def count_refused(method: str, endpoint: str) -> None:
    """Counts one request that was refused at the door: how quickly that went is of no interest."""
    for counter in _refused(method, endpoint):
        counter.inc()


def observe(method: str, endpoint: str, status: int, seconds: float) -> None:
    """Counts one answered request; `endpoint` is the route's template, never a concrete path."""
    counters, histograms = _series(method, endpoint, status)
    for counter in counters:
        counter.inc()
    for histogram in histograms:
        histogram.observe(seconds)
