from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "rrr_dashboard"
    verbose_name = "RRR Dashboard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The Celery app, for its effect: a process without it would publish to
        # amqp://localhost and nobody would hear.
        from rrr_dashboard import celery, checks  # noqa: F401

        checks.register_all()
