"""Backups in a bucket of S3: moto's server is one, as a process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pyrage.x25519 import Identity

from accounts.models import User
from operations.jobs import backup as jobs
from operations.models import Backup
from operations.probes.backup_restore import backup_restore
from operations.services.backups import (
    buckets,
    drilling,
    keeping,
    kept,
    relisting,
    shelves,
    taking,
)
from tests.run import free_port
from tests.served import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]
KEPT = "s3://kept-elsewhere/desk"


@contextmanager
def server(**environment: str) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", port)) == 0

    try:
        assert until(60, answers)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(autouse=True)
def bucket(state: Path, settings: Any, store: str) -> Iterator[Any]:
    settings.BACKUP_URL = KEPT
    settings.BACKUP_KEY = str(Identity.generate())
    settings.AWS_ACCESS_KEY_ID = settings.AWS_SECRET_ACCESS_KEY = "somebody"
    settings.AWS_REGION = "us-east-1"
    settings.AWS_ENDPOINT_URL = store
    settings.OUTGOING_ALLOW = ["127.0.0.1"]
    bucket = boto3.resource(
        "s3",
        endpoint_url=store,
        region_name="us-east-1",
        aws_access_key_id="somebody",
        aws_secret_access_key="somebody",
    ).Bucket("kept-elsewhere")
    bucket.create()
    yield bucket
    bucket.objects.all().delete()


def test_one_is_kept_there_sealed_and_comes_back_from_there(
    bucket: Any, state: Path, person: Callable[..., User]
) -> None:
    person("olga", "Operator")
    backup = taking.take("system")
    assert (backup.status, backup.error) == ("verified", "")
    (kept,) = bucket.objects.all()
    assert backup.location == f"s3://kept-elsewhere/{kept.key}"
    assert kept.get()["Body"].read(21) == b"age-encryption.org/v1"
    assert list((state / "backups").iterdir()) == [], "nothing is kept here"
    assert drilling.drill("system").ok
    assert backup_restore({}).value == "0"
    person("late", "Viewer")
    out = StringIO()
    call_command("restore", backup.uid.hex[:8], "--yes", stdout=out)
    assert "restored to" in out.getvalue()
    assert "not kept among ours" not in out.getvalue()
    assert not User.objects.filter(username="late").exists()
    own = Backup.objects.get(uid=backup.uid)
    assert (own.status, own.location) == ("verified", backup.location)
    assert relisting.adopt() == 1, "what was there before it"


def test_an_empty_host_lists_what_is_there() -> None:
    backup = taking.take("system")
    Backup.objects.all().delete()
    assert relisting.adopt() == 1
    listed = Backup.objects.get()
    assert (listed.uid, listed.status) == (backup.uid, "ok")
    assert (listed.sha256, listed.bytes) == (backup.sha256, backup.bytes)
    assert relisting.adopt() == 0


def test_old_ones_go_and_one_that_is_gone_is_lost(bucket: Any, settings: Any) -> None:
    settings.BACKUP_RETENTION = {"d": 2}
    old, gone, _ = (taking.take("system") for _ in range(3))
    for backup, days in ((old, 9), (gone, 1)):
        at = timezone.now() - timedelta(days=days)
        Backup.objects.filter(pk=backup.pk).update(started_at=at)
    assert keeping.retire() == 1
    assert len(list(bucket.objects.all())) == 2
    shelf, name = shelves.of(gone.location)
    shelf.remove(name)
    with pytest.raises(RuntimeError, match="1 of 2 backups lost"):
        jobs.look_again({})
    gone.refresh_from_db()
    assert gone.status == "failed"
    assert "cannot be read" in gone.error


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"BACKUP_URL": "s3://not-made/desk"}, "there is no bucket not-made"),
        ({"OUTGOING_ALLOW": []}, "is not public"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "does not answer"),
    ],
    ids=["another bucket", "not allowed", "nobody there"],
)
def test_what_is_wrong_is_one_sentence_and_no_backup_is_lost(
    settings: Any, change: dict[str, Any], why: str
) -> None:
    kept = taking.take("system")
    for name, value in change.items():
        setattr(settings, name, value)
    for command in (("backup",), ("restore", "moon")):
        with pytest.raises(CommandError, match=why) as said:
            call_command(*command, stdout=StringIO())
        assert "\n" not in str(said.value)
    with pytest.raises(RuntimeError, match=why):
        jobs.look_again({})
    kept.refresh_from_db()
    assert kept.status == "verified"


def test_a_key_that_is_refused_is_one_sentence(settings: Any) -> None:
    with server(INITIAL_NO_AUTH_ACTION_COUNT="0") as strict:
        settings.AWS_ENDPOINT_URL = strict
        with pytest.raises(CommandError, match=r"refuses our key \(InvalidAccessKeyId"):
            call_command("backup")


def test_a_store_that_does_not_answer_is_waited_for_a_while(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "READ_SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.AWS_ENDPOINT_URL = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(CommandError, match="does not answer: Read timeout"):
            call_command("backup")


def test_a_folder_has_no_s3_client() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django, sys; django.setup();"
            "from operations.services.backups import taking;"
            "print('boto3' in sys.modules)",
        ],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_what_lies_there_and_is_no_backup_is_left_out(bucket: Any) -> None:
    bucket.put_object(Key="desk/rrr-notes.txt", Body=b"by hand")
    bucket.put_object(
        Key="other/rrr-20260301T120000Z-" + "a" * 32 + ".tar.gz", Body=b""
    )
    assert kept.names() == []
