"""What every page of the shell needs: navigation, environment, demo mark, badges."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"rrr_env": settings.RRR_ENV, "rrr_version": settings.RRR_VERSION}
