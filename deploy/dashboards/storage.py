"""What is kept: the event log, the database, pictures, backups."""

from typing import Final

from deploy.dashboards.panels import Dashboard, Row, figure, lines


def age(of: str) -> str:
    """Seconds since a success."""
    return f"time() - max({of}_last_success_timestamp_seconds)"


STORAGE: Final = Dashboard(
    "biologidex-storage",
    "BiologiDex · bus and storage",
    "What is kept: the event log, the database, pictures, backups.",
    (
        Row(
            "Now",
            (
                figure(
                    "Log, of its limit",
                    "max(event_log_bytes) / max(event_log_max_bytes)",
                    "percentunit",
                    colors=(0.7, 0.9),
                ),
                figure(
                    "Connections, of the limit",
                    "max(postgres_connections) / max(postgres_connections_limit)",
                    "percentunit",
                    colors=(0.7, 0.9),
                ),
                figure("Least room on a disk", "min(disk_free_bytes / disk_bytes)", "percentunit", colors=(0.2, 0.1)),
                figure("Last backup", age("backup"), "s", colors=(93_600, 180_000)),
                figure("Last log archived", age("archive"), "s", colors=(300, 3600)),
                figure("Last drill", age("drill"), "s", colors=(691_200, 1_382_400)),
            ),
        ),
        Row(
            "The event log",
            (
                lines("Size", ("max(event_log_bytes)", "log"), ("max(event_log_max_bytes) > 0", "limit"), unit="bytes"),
                lines("Events in it", ("max(event_log_messages)", "events")),
                lines(
                    "Published",
                    ("sum by (job) (rate(events_published_total[$__rate_interval]))", "{{job}}"),
                    unit="ops",
                ),
                lines("Not yet published", ("max by (job) (outbox_waiting)", "{{job}}")),
                lines("Oldest not published", ("max by (job) (outbox_oldest_age_seconds)", "{{job}}"), unit="s"),
                lines(
                    "Handled, by outcome",
                    ("sum by (outcome) (rate(events_handled_total[$__rate_interval]))", "{{outcome}}"),
                    unit="ops",
                ),
                lines("Yet to be seen", ("topk(15, max by (consumer) (consumer_pending))", "{{consumer}}")),
                lines("Delivered again, not done", ("max by (consumer) (consumer_redelivered) > 0", "{{consumer}}")),
                lines(
                    "Set aside",
                    ("max by (job) (dead_letters_waiting)", "{{job}}, at present"),
                    ("sum by (consumer) (increase(dead_letters_total[$__rate_interval])) > 0", "{{consumer}}, now"),
                    ("max by (consumer) (consumer_missing) > 0", "{{consumer}} is missing"),
                ),
            ),
        ),
        Row(
            "NATS, as it sees itself",
            (
                lines(
                    "Connections",
                    ("max(nats_connections)", "clients"),
                    ("max(nats_slow_consumers)", "cut off, too slow"),
                ),
                lines("Memory", ("max(nats_memory_bytes)", "resident"), unit="bytes"),
                lines(
                    "On disk",
                    ("max(nats_jetstream_store_bytes)", "kept"),
                    ("max(nats_jetstream_store_limit_bytes)", "limit"),
                    unit="bytes",
                ),
                lines(
                    "Answers", ("min(nats_up)", "1: it does"), ("min by (job) (bus_connected)", "{{job}} is connected")
                ),
                lines(
                    "Failed requests to JetStream", ("increase(nats_jetstream_api_errors[$__rate_interval])", "failed")
                ),
            ),
        ),
        Row(
            "PostgreSQL",
            (
                lines("Size", ("max(postgres_database_bytes)", "database"), unit="bytes"),
                lines(
                    "Connections", ("max(postgres_connections)", "used"), ("max(postgres_connections_limit)", "limit")
                ),
                lines(
                    "Oldest open transaction",
                    ("max by (job) (postgres_oldest_transaction_seconds)", "{{job}}"),
                    unit="s",
                ),
                lines(
                    "Statements",
                    ("sum by (operation) (rate(django_db_queries_total[$__rate_interval]))", "{{operation}}"),
                    unit="ops",
                ),
                lines(
                    "Answers",
                    ("min by (job) (database_answers)", "{{job}}"),
                    ("min by (job) (schema_at_head)", "{{job}}, schema"),
                ),
            ),
        ),
        Row(
            "Disks and backups",
            (
                lines(
                    "Room left",
                    ("min by (disk) (disk_free_bytes)", "{{disk}}"),
                    ("min(pictures_disk_free_bytes) > 0", "pictures, as the gateway sees them"),
                    ("min(pictures_disk_bytes) > 0", "all the room for pictures"),
                    unit="bytes",
                ),
                lines(
                    "Since the last",
                    (age("backup"), "backup"),
                    (age("archive"), "log archived"),
                    (age("drill"), "drill"),
                    unit="s",
                ),
                lines("Size of the last backup", ("max(backup_bytes)", "database, packed"), unit="bytes"),
                lines(
                    "What the last drill measured",
                    ("max(drill_rpo_seconds)", "RPO"),
                    ("max(drill_rto_seconds)", "RTO"),
                    unit="s",
                ),
                lines(
                    "Files removed that nothing named",
                    ("sum by (kind) (increase(vision_unnamed_files_removed_total[1h]))", "{{kind}}"),
                ),
            ),
        ),
    ),
)
