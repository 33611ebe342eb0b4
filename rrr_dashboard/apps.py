from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "rrr_dashboard"
    verbose_name = "RRR Dashboard"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from rrr_dashboard import checks

        checks.register_all()
