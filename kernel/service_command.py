"""Commands that are processes of the product."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel import refusals


class ServiceCommand(BaseCommand):
    """A command that runs until it is stopped. Its refusals are lines as its logs are."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if refusals.speaks_json():
                raise refusals.RefusedStart(str(error)) from error
            raise
