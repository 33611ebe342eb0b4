from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _rules(**kwargs: Any) -> None:
    from operations.services.alerting import ensure_rules

    ensure_rules()


class OperationsConfig(AppConfig):
    name = "operations"
    verbose_name = "Operations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(_rules, sender=self, dispatch_uid="operations.rules")
