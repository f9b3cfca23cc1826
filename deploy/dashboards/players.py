"""What players do, what becomes of their photos, and what it costs."""

from typing import Final

from deploy.dashboards.panels import Dashboard, Row, figure, lines, quantiles


def asked(method: str, endpoint: str, status: str) -> str:
    """How often per second; by the gateway's count, so that nothing is counted twice."""
    chosen = f'method="{method}",endpoint="{endpoint}",status_code=~"{status}"'
    return f"sum(rate(api_requests_total{{{chosen}}}[$__rate_interval]))"


PLAYERS: Final = Dashboard(
    "biologidex-players",
    "BiologiDex · players",
    "What players do, what becomes of their photos, and what it costs.",
    (
        Row(
            "Now",
            (
                figure("Active players", "max(active_users)"),
                figure("Dex entries", "max(total_dex_entries)"),
                figure("Animals", "max(total_animals)"),
                figure("Jobs not begun", 'max(waiting_jobs{state="due"})', colors=(20, 100)),
                figure("Oldest job", 'max(oldest_job_age_seconds{state!="no_money"})', "s", colors=(60, 300)),
                figure("Budget spent", "max(cv_daily_budget_used_ratio)", "percentunit", colors=(0.8, 1)),
            ),
        ),
        Row(
            "Players",
            (
                lines("Active", ("max(active_users)", "players")),
                lines(
                    "Sign-ins",
                    ("sum by (outcome) (rate(logins_total[$__rate_interval]))", "{{outcome}}"),
                    (asked("POST", "/api/v1/users/", "201"), "new accounts"),
                    unit="ops",
                ),
                lines(
                    "Refresh tokens that came again",
                    ("sum by (outcome) (rate(refresh_reuse_total[$__rate_interval]))", "{{outcome}}"),
                    unit="ops",
                    about="Tolerated: the shipping client sends that of its login for ever. Revoked: look at it.",
                ),
                lines(
                    "What they do",
                    (asked("POST", "/api/v1/images/convert/", "201"), "photos"),
                    (asked("POST", "/api/v1/dex/entries/", "201"), "catches"),
                    (asked("GET", "/api/v1/graph/tree/", "200|304"), "trees"),
                    (asked("GET", "/api/v1/dex/entries/sync_entries/", "200|304"), "syncs"),
                    unit="ops",
                ),
                lines("Entries", ("max(total_dex_entries)", "entries"), ("max(total_animals)", "animals")),
                lines(
                    "Trees kept ready",
                    (
                        "sum by (operation, hit) (rate(django_cache_operations_total[$__rate_interval]))",
                        "{{operation}} {{hit}}",
                    ),
                    unit="ops",
                ),
            ),
        ),
        Row(
            "Jobs",
            (
                lines("By what they wait for", ("max by (state) (waiting_jobs)", "{{state}}")),
                lines("Oldest", ("max by (state) (oldest_job_age_seconds)", "{{state}}"), unit="s"),
                lines(
                    "Ended",
                    ("sum by (status, model) (rate(cv_processing_total[$__rate_interval]))", "{{status}} {{model}}"),
                    unit="ops",
                ),
                lines("95 % identified within", *quantiles("cv_processing_duration_seconds", "", by="model"), unit="s"),
                lines("Attempts within", *quantiles("celery_task_duration_seconds", ""), unit="s"),
                lines(
                    "Attempts",
                    ("sum by (status) (rate(celery_tasks_total[$__rate_interval]))", "{{status}}"),
                    ("sum(active_celery_tasks)", "under way"),
                ),
                lines(
                    "Pictures that cost a decoder its life",
                    ("sum by (reason) (increase(vision_decoder_children_lost_total[$__rate_interval]))", "{{reason}}"),
                ),
                lines("Waiting too long for the registry", ("max(vision_jobs_unanswered)", "jobs")),
            ),
        ),
        Row(
            "Cost",
            (
                lines(
                    "In 24 hours",
                    ("max(cv_daily_spent_usd)", "spent"),
                    ("max(cv_daily_budget_usd) > 0", "budget"),
                    unit="currencyUSD",
                ),
                lines(
                    "Per hour, by model",
                    ("sum by (model) (rate(cv_processing_cost_usd_total[$__rate_interval])) * 3600", "{{model}}"),
                    unit="currencyUSD",
                ),
                lines("Nothing left", ("max(biologidex_provider_budget_exhausted)", "1: paid jobs wait")),
            ),
        ),
    ),
)
