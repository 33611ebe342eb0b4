"""Many processes append at once; the chain holds, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from audit import queries
from audit.models import AuditEvent

WRITERS = 4
EACH = 40
SCRIPT = """
import sys
import django
django.setup()
from django.db import connection, transaction
from audit.services import append
connection.settings_dict["NAME"] = sys.argv[1]
for number in range(int(sys.argv[3])):
    with transaction.atomic():
        append("readiness.item.claimed", actor="j:writer-" + sys.argv[2],
               object="item:" + str(number), data={})
    print(number, flush=True)
"""
ROOT = Path(__file__).resolve().parents[2]


def start_writer(number: int) -> subprocess.Popen[str]:
    database = str(connection.settings_dict["NAME"])
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, database, str(number), str(EACH)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_no_writer_breaks_the_chain() -> None:
    writers = [start_writer(number) for number in range(WRITERS)]
    ends = [writer.communicate(timeout=120) for writer in writers]

    assert [error for _, error in ends if "Traceback" in error] == []
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    assert [out.count("\n") for out, _ in ends] == [EACH] * WRITERS
    assert AuditEvent.objects.count() == WRITERS * EACH + 1
    assert queries.check().problems == []
    for number in range(WRITERS):
        written = AuditEvent.objects.filter(actor=f"j:writer-{number}")
        assert [row.object for row in written] == [f"item:{n}" for n in range(EACH)]
