"""A world that the tests of a file share: each undoes what it does, the file the world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import transaction

from audit import services
from tests.heads import leave_at_once


@contextmanager
def undone_at_the_end(django_db_blocker: Any) -> Iterator[None]:
    """For a fixture of a module, after `django_db_setup`. None of its tests commits."""
    leaves = patch.object(services, "_publish_on_commit", leave_at_once)
    with django_db_blocker.unblock(), leaves, transaction.atomic():
        yield
        transaction.set_rollback(True)
