"""The tables of operations as files: all that is kept, exact, for who may read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from operations.models import Backup, Job, JobRun
from operations.views import files
from tests.csv_files import csv_rows
from tests.operations.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent_bell")]


def path_of(name: str) -> str:
    return f"/operations/files/{name}.csv"


@pytest.mark.parametrize("name", files.TABLES)
def test_each_table_has_its_columns_in_each_row(name: str, desk: Client) -> None:
    for row in csv_rows(desk, path_of(name)):
        assert list(row) == list(files.TABLES[name].columns)


def test_what_a_job_said_is_no_formula(desk: Client) -> None:
    job = Job.objects.create(name="odd", kind=Job.Kind.JOB)
    JobRun.objects.create(job=job, due_at=NOON, error='=HYPERLINK("x")')
    [row] = [row for row in csv_rows(desk, path_of("runs")) if row["job"] == "odd"]
    assert row["error"] == '\'=HYPERLINK("x")'
    assert row["due_at"] == "2026-03-01T12:00:00Z"


def test_all_backups_stand_there_not_only_a_page(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 2)
    for n in range(5):
        Backup.objects.create(
            engine="sqlite",
            status=Backup.Status.OK,
            started_at=NOON + timedelta(hours=n),
            bytes=n * 10**9,
        )
    rows = csv_rows(desk, path_of("backups"))
    assert [row["bytes"] for row in rows] == [str(n * 10**9) for n in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("/operations/", "jobs"),
        ("/operations/", "probes"),
        ("/operations/jobs/", "runs"),
        ("/operations/backups/", "backups"),
        ("/alerts/", "alerts"),
        ("/alerts/", "rules"),
    ],
)
def test_a_page_leads_to_the_file_of_its_table(
    page: str, name: str, desk: Client
) -> None:
    assert f'href="{path_of(name)}"' in desk.get(page).content.decode()


def test_there_is_no_other_file(desk: Client) -> None:
    assert desk.get(path_of("people")).status_code == 404


def test_a_trader_gets_none(
    person: Callable[..., User], client_of: Callable[[User], Client]
) -> None:
    trader = client_of(person("ada", "Trader"))
    assert trader.get(path_of("runs")).status_code == 403
