"""The guard comes back after migrations, and its absence is said."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from audit.checks import guard_is_there
from audit.models import AuditEvent, guard
from audit.services import append


def test_a_new_database_is_guarded(db: None) -> None:
    assert guard.missing() == []
    assert guard_is_there(databases=["default"]) == []


def test_a_missing_trigger_is_a_system_check_error(db: None) -> None:
    guard.remove()

    (found,) = guard_is_there(databases=["default"])

    assert found.id == "audit.E001"
    assert "audit_guard_update" in found.msg


@pytest.mark.django_db(transaction=True)
def test_migrate_makes_the_guard_anew() -> None:
    guard.remove()

    call_command("migrate", verbosity=0)

    assert guard.missing() == []


@pytest.mark.django_db(transaction=True)
def test_it_is_lifted_for_one_transaction_only() -> None:
    with transaction.atomic():
        append("readiness.item.claimed", actor="p:7", object="item:1", data={})

    with guard.lifted():
        AuditEvent.objects.filter(seq=1).delete()

    with pytest.raises(DatabaseError, match="append-only"):
        AuditEvent.objects.all().delete()
    assert AuditEvent.objects.count() == 1
