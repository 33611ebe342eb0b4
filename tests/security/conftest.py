from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from rrr_dashboard.api import document


@pytest.fixture(autouse=True)
def _views_that_break(settings: Any) -> None:
    document()  # kept by the process: never that of these urls
    settings.ROOT_URLCONF = "tests.security.urls"


@pytest.fixture
def anyone(db: None) -> Client:
    """A client that is answered as a browser is, even when a view breaks."""
    return Client(raise_request_exception=False, enforce_csrf_checks=True)
