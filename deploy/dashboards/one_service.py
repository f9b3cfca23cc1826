"""One service: its requests, its statements, its events."""

from typing import Final

from deploy.dashboards.panels import Dashboard, Row, figure, lines, quantiles

ASKED: Final = 'job="$service",route!~"/(ready|health|metrics)/"'
REQUESTS: Final = "http_server_request_duration_seconds"
RATE: Final = f"rate({REQUESTS}_count{{{ASKED}}}[$__rate_interval])"
FAILED: Final = f'rate({REQUESTS}_count{{{ASKED},status=~"5.."}}[$__rate_interval])'
IT: Final = 'job="$service"'

SERVICE: Final = Dashboard(
    "biologidex-service",
    "BiologiDex · service",
    "One service: its requests, its statements, its events.",
    (
        Row(
            "Now",
            (
                figure("Requests", f"sum({RATE})", "reqps"),
                figure("Failed", f"sum({FAILED}) / sum({RATE})", "percentunit", colors=(0.001, 0.01)),
                figure("Database answers", f"min(database_answers{{{IT}}})", colors=(1, 0.5)),
                figure("Schema fits the code", f"min(schema_at_head{{{IT}}})", colors=(1, 0.5)),
                figure("On the bus", f"min(bus_connected{{{IT}}})", colors=(1, 0.5)),
                figure("Dead letters", f"max(dead_letters_waiting{{{IT}}})", colors=(1, 10)),
            ),
        ),
        Row(
            "Requests",
            (
                lines("By route", (f"sum by (method, route) ({RATE})", "{{method}} {{route}}"), unit="reqps"),
                lines(
                    "Failures by route",
                    (f"sum by (method, route, status) ({FAILED})", "{{status}} {{method}} {{route}}"),
                    unit="reqps",
                ),
                lines("95 % within, by route", *quantiles(REQUESTS, ASKED, by="route"), unit="s"),
                lines("By status", (f"sum by (status) ({RATE})", "{{status}}"), unit="reqps"),
                lines("Duration", *quantiles(REQUESTS, ASKED), unit="s"),
                lines(
                    "Refused at the door",
                    (f"sum by (instance) (rate(shed_requests_total{{{IT}}}[$__rate_interval]))", "{{instance}}"),
                    unit="reqps",
                ),
            ),
        ),
        Row(
            "Database",
            (
                lines(
                    "Statements",
                    (f"sum by (operation) (rate(django_db_queries_total{{{IT}}}[$__rate_interval]))", "{{operation}}"),
                    unit="ops",
                ),
                lines(
                    "95 % of statements within",
                    *quantiles("django_db_query_duration_seconds", IT, by="operation"),
                    unit="s",
                ),
                lines(
                    "Oldest open transaction",
                    (f"max(postgres_oldest_transaction_seconds{{{IT}}})", "of this service"),
                    unit="s",
                ),
            ),
        ),
        Row(
            "Events",
            (
                lines(
                    "Handled, by outcome",
                    (f"sum by (outcome) (rate(events_handled_total{{{IT}}}[$__rate_interval]))", "{{outcome}}"),
                    unit="ops",
                ),
                lines(
                    "95 % handled within",
                    *quantiles("event_handling_duration_seconds", IT, by="consumer"),
                    unit="s",
                ),
                lines(
                    "Yet to be seen",
                    (f"max by (consumer) (consumer_pending{{{IT}}})", "{{consumer}}"),
                    (f"max by (consumer) (consumer_redelivered{{{IT}}}) > 0", "{{consumer}}, delivered again"),
                ),
                lines(
                    "Published",
                    (f"sum(rate(events_published_total{{{IT}}}[$__rate_interval]))", "acknowledged by the bus"),
                    unit="ops",
                ),
                lines("Not yet published", (f"max(outbox_waiting{{{IT}}})", "events")),
                lines("Oldest not published", (f"max(outbox_oldest_age_seconds{{{IT}}})", "age"), unit="s"),
            ),
        ),
        Row(
            "Process",
            (
                lines("Event loop, worst of 15 s", (f"event_loop_lag_seconds{{{IT}}}", "{{instance}}"), unit="s"),
                lines("Memory", (f"process_resident_memory_bytes{{{IT}}}", "{{instance}}"), unit="bytes"),
                lines("Processor", (f"rate(process_cpu_seconds_total{{{IT}}}[$__rate_interval])", "{{instance}}")),
                lines(
                    "Open files",
                    (f"process_open_fds{{{IT}}}", "{{instance}}"),
                    (f"min(process_max_fds{{{IT}}})", "at most"),
                ),
            ),
        ),
    ),
    (("service", "label_values(schema_at_head, job)"),),
)
