from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate


def _guard_the_log(using: str, **kwargs: Any) -> None:
    from audit.models import guard

    guard.install(using)


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit log"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit.checks import guard_is_there

        post_migrate.connect(
            _guard_the_log, sender=self, dispatch_uid="audit.guard_the_log"
        )
        checks.register(guard_is_there, checks.Tags.database)
