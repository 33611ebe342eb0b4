"""The demo, made once for all files of this folder, and its people as clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from accounts.models import User
from tests.api_schema import world


@pytest.fixture(scope="package")
def people(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, User]]:
    with django_db_blocker.unblock(), world.demo_settings(), transaction.atomic():
        yield world.fill()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def desk(
    people: dict[str, User], django_db_blocker: Any
) -> Iterator[dict[str, Client]]:
    """Clients of the people by name. What a file changes, the next does not see."""
    with django_db_blocker.unblock(), told_again(), transaction.atomic():
        yield {name: world.client_for(user) for name, user in people.items()}
        transaction.set_rollback(True)


@contextmanager
def told_again() -> Iterator[None]:
    """What left for the record outside is forgotten with the events that it tells of."""
    outside = Path(settings.CHECKPOINT_DIR)
    before = {file: file.read_bytes() for file in outside.glob("*") if file.is_file()}
    yield
    for file in outside.glob("*"):
        if file in before:
            file.write_bytes(before[file])
        elif file.is_file():
            file.unlink()
