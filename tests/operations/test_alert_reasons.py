"""Why an alert fires stands beside its figure: "1 failure" alone says nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils.html import strip_tags

from operations import queries
from operations.domain.alerting import Reading
from operations.models import Alert, Heartbeat, Rule
from operations.services import alerting, heartbeats
from tests.html import flat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent_bell")]


def breach(rule: str, target: str, detail: str, at: datetime) -> Alert:
    reading = Reading(rule, target, Decimal(1), breached=True, detail=detail)
    row = Rule.objects.get(name=rule)
    for seconds in range(0, row.for_seconds + 11, 10):
        alerting.apply(reading, row, at + timedelta(seconds=seconds))
    return Alert.objects.get(rule=rule, target=target)


def test_each_open_alert_says_what_was_said_of_it(desk: Client, now: datetime) -> None:
    heartbeats.beat(Heartbeat.Kind.TICK, now)
    then = now - timedelta(minutes=2)
    broker = breach("broker", "broker", "Redis takes no writes", then)
    breach("audit-log-broken", "audit log", "event 7 was changed", then)
    disk = breach("disk-full", "here", "", then)
    for path in ("/alerts/", "/operations/"):
        page = flat(strip_tags(desk.get(path).content.decode()))
        assert "Redis takes no writes" in page, path
        assert "event 7 was changed" in page, path
    page = flat(strip_tags(desk.get(f"/alerts/{broker.uid}/").content.decode()))
    assert "Redis takes no writes" in page.partition("Firing")[0]
    assert disk.pk not in queries.reasons_by_alert([broker, disk])


def test_the_newest_reason_is_told(now: datetime) -> None:
    alert = breach("broker", "broker", "Redis takes no writes", now)
    later = now + timedelta(minutes=9)
    well = Reading("broker", "broker", Decimal(0))
    row = Rule.objects.get(name="broker")
    for seconds in range(0, 60, 10):
        alerting.apply(well, row, later + timedelta(seconds=seconds))
    breach("broker", "broker", "Redis is full", later + timedelta(minutes=1))
    assert queries.reasons_by_alert([alert]) == {alert.pk: "Redis is full"}
