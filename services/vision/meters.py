"""What is counted about jobs, under the names that contract O4 promises."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from services.vision.models import AnalysisJob
from services.vision.providers.offline import MODEL as OFFLINE_MODEL

TASK: Final = "identify"

jobs = Counter("cv_processing_total", "Jobs ended.", ["status", "model"])
completion = Histogram(
    "job_completion_seconds",
    "From the question to the end of its job, as its player waits for it.",
    ["status"],
    buckets=(2, 5, 10, 20, 30, 60, 120, 300, 900),
)
seconds = Histogram("cv_processing_duration_seconds", "From claim to names.", ["model"])
cost = Counter("cv_processing_cost_usd_total", "Money spent on models.", ["model"])
tasks = Counter("celery_tasks_total", "Background tasks ended.", ["task_name", "status"])
task_seconds = Histogram("celery_task_duration_seconds", "Background tasks.", ["task_name"])
active_tasks = Gauge("active_celery_tasks", "Background tasks running.", ["task_name"])
unanswered = Gauge("vision_jobs_unanswered", "Jobs that wait too long for animal.identified.")
budget_exhausted = Gauge(
    "biologidex_provider_budget_exhausted", "1 while CV_DAILY_BUDGET_USD is spent and paid jobs wait."
)
unnamed_files = Counter("vision_unnamed_files_removed_total", "Old files removed because no row named them.", ["kind"])


def count_end(job: AnalysisJob) -> None:
    """A job has come to its end, under the model that really answers for it."""
    model = OFFLINE_MODEL if job.cv_method == "fallback" else job.model_name
    jobs.labels(job.status, model).inc()
    if job.completed_at is not None:
        completion.labels(job.status).observe((job.completed_at - job.created_at).total_seconds())
