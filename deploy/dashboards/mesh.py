"""The mesh at a glance: what players get, who refuses, who lags behind."""

from typing import Final

from deploy.dashboards.panels import Dashboard, Row, figure, lines, quantiles

API: Final = 'endpoint=~"/api/.*|/media/.*"'
RATE: Final = f"rate(django_http_requests_total{{{API}}}[$__rate_interval])"
FAILED: Final = f'rate(django_http_requests_total{{{API},status_code=~"5.."}}[$__rate_interval])'
DURATION: Final = "django_http_request_duration_seconds"

MESH: Final = Dashboard(
    "biologidex-mesh",
    "BiologiDex · mesh",
    "What players get, who refuses, who lags behind.",
    (
        Row(
            "Now",
            (
                figure("Requests", f"sum({RATE})", "reqps"),
                figure("Failed", f"sum({FAILED}) / sum({RATE})", "percentunit", colors=(0.001, 0.01)),
                figure("95 % within", quantiles(DURATION, API)[1][0], "s", colors=(0.5, 2)),
                figure("Active players", "max(active_users)"),
                figure("Dead letters", "sum(max by (job) (dead_letters_waiting))", colors=(1, 10)),
                figure("Processes that do not answer", "count(up == 0) or vector(0)", colors=(1, 2)),
            ),
        ),
        Row(
            "What players get",
            (
                lines("Requests by status", (f"sum by (status_code) ({RATE})", "{{status_code}}"), unit="reqps"),
                lines("Duration", *quantiles(DURATION, API), unit="s"),
                lines(
                    "Failures by route", (f"topk(10, sum by (endpoint) ({FAILED}) > 0)", "{{endpoint}}"), unit="reqps"
                ),
                lines("Busiest routes", (f"topk(10, sum by (endpoint) ({RATE}))", "{{endpoint}}"), unit="reqps"),
                lines(
                    "Slowest routes, 95 % within",
                    (f"topk(10, {quantiles(DURATION, API, by='endpoint')[0][0]})", "{{endpoint}}"),
                    unit="s",
                ),
                lines("Being answered", ("sum(django_http_requests_in_progress)", "requests")),
            ),
        ),
        Row(
            "Who refuses",
            (
                lines(
                    "Refused",
                    ("sum by (upstream) (rate(gateway_shed_total[$__rate_interval]))", "no place at {{upstream}}"),
                    ("sum by (job) (rate(shed_requests_total[$__rate_interval]))", "at the door of {{job}}"),
                    unit="reqps",
                ),
                lines(
                    "Over budget",
                    ("sum by (budget) (rate(gateway_throttled_total[$__rate_interval]))", "{{budget}}"),
                    unit="reqps",
                ),
                lines("At the services", ("sum by (upstream, kind) (gateway_in_flight)", "{{upstream}} {{kind}}")),
                lines(
                    "Asked again",
                    ("sum by (upstream) (rate(gateway_retries_total[$__rate_interval]))", "{{upstream}}"),
                    unit="reqps",
                ),
            ),
        ),
        Row(
            "Who lags behind",
            (
                lines("Event loop, worst of 15 s", ("max by (job) (event_loop_lag_seconds)", "{{job}}"), unit="s"),
                lines("Oldest event not published", ("max by (job) (outbox_oldest_age_seconds)", "{{job}}"), unit="s"),
                lines("Events yet to be seen", ("topk(10, max by (consumer) (consumer_pending))", "{{consumer}}")),
                lines("Memory", ("max by (job) (process_resident_memory_bytes)", "{{job}}"), unit="bytes"),
                lines("Processor", ("sum by (job) (rate(process_cpu_seconds_total[$__rate_interval]))", "{{job}}")),
                lines("On the bus", ("min by (job) (bus_connected)", "{{job}}"), about="1: connected"),
            ),
        ),
    ),
)
