from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "rrr_dashboard"
    verbose_name = "RRR Dashboard"
    default_auto_field = "django.db.models.BigAutoField"
