"""`manage.py doctor`: is this deployment ready? Every setting and dependency."""

from __future__ import annotations

import json
import re
import shutil
import stat
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.template.defaultfilters import pluralize

from kernel import build, http
from kernel.redis import FAILURES, client
from operations import queries
from operations.services.backups import sealing
from operations.services.telling import operators
from rrr_dashboard import readers

LEAST_FREE = 1_000_000_000
# Images that are somebody else's, and where they are named.
IMAGES = (
    ("Dockerfile", re.compile(r"^FROM (\S+)", re.MULTILINE)),
    ("docker-compose.yml", re.compile(r"^    image: (?!rrr-)(\S+)", re.MULTILINE)),
)


@dataclass(frozen=True)
class Finding:
    """`level` is ok, warn or fail; `detail` says what to do when it is not ok."""

    name: str
    level: str
    detail: str


class Command(BaseCommand):
    help = "Check every setting and dependency; exit 1 when something fails."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = [*_settings(), *(look() for look in LOOKS)]
        failed = [finding for finding in findings if finding.level == "fail"]
        if options["json"]:
            listed = [asdict(finding) for finding in findings]
            document = {"ok": not failed, "findings": listed}
            self.stdout.write(json.dumps(document, indent=2))
        else:
            for finding in findings:
                line = f"{finding.level:4}  {finding.name}: {finding.detail}"
                self.stdout.write(line)
        if failed:
            raise CommandError(f"{len(failed)} of {len(findings)} checks failed.")


def _settings() -> Iterator[Finding]:
    complaints = checks.run_checks(include_deployment_checks=settings.SERIOUS)
    for message in complaints:
        level = "fail" if message.level >= checks.ERROR else "warn"
        yield Finding(
            message.id or "settings",
            level,
            f"{message.msg} {message.hint or ''}".strip(),
        )
    if not complaints:
        yield Finding(
            "settings", "ok", f"no complaint about the settings of {settings.RRR_ENV}"
        )


def _database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return Finding("database", "fail", f"does not answer: {error}")
    return Finding("database", "ok", f"{connection.vendor} answers")


def _migrations() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return Finding(
            "migrations", "fail", "unknown while the database does not answer"
        )
    if plan:
        return Finding(
            "migrations", "fail", f"{len(plan)} are missing: run manage.py migrate"
        )
    return Finding("migrations", "ok", "all applied")


def _redis() -> Finding:
    try:
        client().ping()
    except FAILURES as error:
        return Finding("redis", "warn", f"does not answer, so jobs wait: {error}")
    return Finding("redis", "ok", "answers")


def _web() -> Finding:
    try:
        answer = http.own("/health/ready", timeout=3)
    except http.NoAnswer as error:
        return Finding("web", "warn", f"not running here: {error}")
    level = "ok" if answer.status == 200 else "fail"
    return Finding("web", level, f"{http.own_base()} answers {answer.status}")


def _disk() -> Finding:
    free = shutil.disk_usage(settings.STATE_DIR).free
    level = "ok" if free > LEAST_FREE else "fail"
    return Finding(
        "disk", level, f"{free / 1e9:.1f} GB free under {settings.STATE_DIR}"
    )


def _dotenv() -> Finding:
    path = settings.BASE_DIR / ".env"
    if not path.exists():
        return Finding(".env", "ok", "none; settings come from the environment")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding(".env", "fail", f"mode {mode:o}: run chmod 600 .env")
    return Finding(".env", "ok", "mode 600")


def _commit() -> Finding:
    if sentence := build.contradiction():
        return Finding("commit", "fail", sentence)
    tree = build.look()
    if tree.proves:
        return Finding("commit", "ok", tree.commit)
    return Finding(
        "commit", "warn", f"{tree.commit}: {tree.doubt}, so evidence proves nothing"
    )


def _images() -> Finding:
    """A tag may be moved to another image, a digest not; we name tags, because no
    registry was asked for a digest."""
    named = [
        match
        for file, pattern in IMAGES
        for match in pattern.findall((settings.BASE_DIR / file).read_text("utf-8"))
    ]
    tags = sorted({image for image in named if "@sha256:" not in image})
    if not tags:
        return Finding("images", "ok", "all pinned by digest")
    return Finding(
        "images",
        "ok",
        f"{', '.join(tags)}: by tag, not by digest; pin them once you asked your registry",
    )


def _recipients() -> Finding:
    try:
        people = operators()
    except DatabaseError:
        return Finding(
            "alert mail", "fail", "unknown while the database does not answer"
        )
    if not people:
        return Finding("alert mail", "warn", "no active Operator has a mail address")
    counted = f"{len(people)} operator{pluralize(len(people))}"
    return Finding("alert mail", "ok", f"goes to {counted}")


def _backup_key() -> Finding:
    recipient = sealing.recipient()
    if not recipient:
        return Finding(
            "backup key",
            "warn",
            "BACKUP_KEY is not set, so whoever finds a backup can read it; "
            f"make one with {readers.MAKE_BACKUP_KEY}",
        )
    try:
        exported = queries.key_was_exported(recipient)
        unsealed = queries.unsealed_backups()
    except DatabaseError:
        return Finding("backup key", "warn", "the database cannot say who has it")
    if not exported:
        return Finding(
            "backup key",
            "warn",
            "nobody else has it, and without it no backup opens: run "
            "manage.py export_backup_key FILE and keep that file elsewhere",
        )
    if unsealed:
        kept = f"{unsealed} kept backup{pluralize(unsealed)}"
        return Finding(
            "backup key",
            "warn",
            f"{kept} made without a key can be read by whoever finds them",
        )
    return Finding("backup key", "ok", f"seals to {recipient}, and was exported")


LOOKS: tuple[Callable[[], Finding], ...] = (
    _database,
    _migrations,
    _redis,
    _web,
    _disk,
    _dotenv,
    _commit,
    _images,
    _recipients,
    _backup_key,
)
