"""`manage.py sbom`: what the product is made of, as a CycloneDX document."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel import build
from kernel.display import plural
from kernel.errors import Invalid
from operations.services import scanning
from operations.services.sources import NotHere


class Command(BaseCommand):
    help = "List the packages that are pinned or ship as files, as CycloneDX JSON."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            path, parts = scanning.keep_parts(build.look())
        except NotHere as error:
            raise CommandError(str(error)) from error
        except Invalid as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{plural(parts, 'part')}: {path}")
