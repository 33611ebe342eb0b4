import importlib
import pkgutil
import sys
from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from kernel.registry import OUTAGE_NOTES, POST_OFFICES, OutageNote


def _rules(**kwargs: Any) -> None:
    from operations.services.rules import ensure_rules

    ensure_rules()


def _outage_note() -> OutageNote | None:
    """What draws pages is loaded by who shows one."""
    from operations.pages.outage import noted

    return noted()


def discover() -> None:
    """Import every app's probes, jobs and markers, so that they register themselves.
    Of a package all submodules: autodiscovery alone would import its empty door."""
    autodiscover_modules("probes", "jobs", "markers")
    for config in apps.get_app_configs():
        for room in ("probes", "jobs"):
            module = sys.modules.get(f"{config.name}.{room}")
            for inner in pkgutil.iter_modules(getattr(module, "__path__", [])):
                importlib.import_module(f"{config.name}.{room}.{inner.name}")


class OperationsConfig(AppConfig):
    name = "operations"
    verbose_name = "Operations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from operations.services.outbox import post

        POST_OFFICES.append(post)
        OUTAGE_NOTES.append(_outage_note)
        post_migrate.connect(_rules, sender=self, dispatch_uid="operations.rules")
        discover()
