"""`manage.py doctor`: is this deployment ready? Every setting and dependency."""

from __future__ import annotations

import json
import re
import shutil
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.template.defaultfilters import pluralize

from accounts.services import limits
from audit import channels as audit_channels
from kernel import build, http, patience
from kernel.display import plural
from kernel.limits.shared import LimitsBusy
from kernel.redis import FAILURES, client
from kernel.web import own_origin
from operations import queries
from operations.queries.read_only import read_only
from operations.queries.web import web_silence
from operations.services.backups import engines, kept, sealing, shelves
from operations.services.backups.copies import BackupError
from operations.services.telling import operators
from rrr_dashboard import secret_readers
from rrr_dashboard.setting_looks import (
    Finding,
    complaints,
    cookies,
    dotenv,
    former_secrets,
    misspelt,
    secrets,
)
from rrr_dashboard.supervisor import abandoned
from rrr_dashboard.way_in import in_the_way
from trades.queries.words import index_state

LEAST_FREE = 1_000_000_000
# Images that are somebody else's, and where they are named.
IMAGES = (
    ("Dockerfile", re.compile(r"^FROM (\S+)", re.MULTILINE)),
    ("docker-compose.yml", re.compile(r"^    image: (?!rrr-)(\S+)", re.MULTILINE)),
)


class Command(BaseCommand):
    help = "Check every setting and dependency; exit 1 when something fails."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        with patience.keeping_watch():
            findings = [*complaints(), *(look() for look in LOOKS)]
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
            raise CommandError(
                f"{len(failed)} of {plural(len(findings), 'check')} failed."
            )


def _database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            damage = damage_of(cursor) if connection.vendor == "sqlite" else ""
        refuses = read_only()
    except DatabaseError as error:
        return Finding("database", "fail", f"does not answer: {error}")
    if refuses:
        detail = f"{connection.vendor} answers, but takes no change: it is read-only"
        return Finding("database", "fail", detail)
    if damage:
        detail = f"is damaged: {damage}; see docs/disaster-recovery.md"
        return Finding("database", "fail", detail)
    return Finding("database", "ok", f"{connection.vendor} answers")


def damage_of(cursor: Any) -> str:
    """What SQLite finds: a damaged file answers as long as nobody asks for that part."""
    cursor.execute("PRAGMA quick_check(1)")
    said = str(cursor.fetchone()[0])
    return "" if said == "ok" else " ".join(said.split())


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
            "migrations",
            "fail",
            f"{plural(len(plan), 'migration')} to apply: run manage.py migrate",
        )
    return Finding("migrations", "ok", "all applied")


def _search() -> Finding:
    try:
        return Finding("search", "ok", index_state())
    except DatabaseError as error:
        return Finding("search", "warn", f"the index of words cannot be read: {error}")


def _redis() -> Finding:
    try:
        client().ping()
    except FAILURES as error:
        return Finding("redis", "warn", f"does not answer, so jobs wait: {error}")
    return Finding("redis", "ok", "answers")


def _limits() -> Finding:
    hosts = settings.RATE_LIMIT_HOSTS
    try:
        limits.prepare()
    except (OSError, LimitsBusy) as error:
        return Finding("rate limits", "fail", f"nothing can be counted: {error}")
    if hosts == 1:
        return Finding("rate limits", "ok", f"counted in {limits.folder()}")
    try:
        client().ping()
    except FAILURES:
        return Finding(
            "rate limits",
            "warn",
            f"no Redis answers, so each of {hosts} hosts gives 1/{hosts} of a limit",
        )
    server = urlsplit(settings.REDIS_URL).hostname
    if server in {"127.0.0.1", "::1", "localhost"}:
        return Finding(
            "rate limits",
            "warn",
            f"counted in the Redis of this host ({server}), together with {hosts - 1} more "
            "only where that is a tunnel to one of all: name that in REDIS_URL",
        )
    return Finding(
        "rate limits", "ok", f"counted for {hosts} hosts together in the Redis {server}"
    )


def _web() -> Finding:
    if blocked := in_the_way():
        return Finding("web", "fail", blocked)
    try:
        answer = http.own("/health/ready", timeout=3)
    except http.NoAnswer as error:
        return Finding("web", "warn", f"not running here: {error}")
    if answer.status != HTTPStatus.OK:
        return Finding("web", "fail", f"{own_origin()} answers {answer.status}")
    if silence := web_silence():
        return Finding(
            "web", "fail", f"{own_origin()} is ready and answers nobody: {silence}"
        )
    return Finding("web", "ok", f"{own_origin()} answers")


def _supervisor() -> Finding:
    """Parts that lost their `serve` answer as before, until the first of them ends."""
    left = abandoned(Path(settings.STATE_DIR) / "serve.json")
    if left:
        return Finding(
            "serve",
            "fail",
            f"is gone, and nobody looks after {', '.join(left)}: start it again, which "
            "ends them first",
        )
    return Finding("serve", "ok", "left nothing running alone")


def _disk() -> Finding:
    free = shutil.disk_usage(settings.STATE_DIR).free
    level = "ok" if free > LEAST_FREE else "fail"
    return Finding(
        "disk", level, f"{free / 1e9:.1f} GB free under {settings.STATE_DIR}"
    )


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


def _watchdog() -> Finding:
    """Who hears of it when everything here is gone, `watch` included."""
    if settings.WATCHDOG_URL:
        return Finding("watchdog", "ok", "every tick pings WATCHDOG_URL")
    return Finding(
        "watchdog",
        "warn" if settings.SERIOUS else "ok",
        "WATCHDOG_URL is not set: when this whole machine falls silent, nobody is told",
    )


def _backup_key() -> Finding:
    recipient = sealing.recipient()
    if not recipient:
        return Finding(
            "backup key",
            "warn",
            "BACKUP_KEY is not set here, so no backup is taken here; if none is taken "
            f"elsewhere either, make one with {secret_readers.MAKE_BACKUP_KEY}",
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


def _log_key() -> Finding:
    try:
        lacking = audit_channels.lacks_key()
    except DatabaseError:
        return Finding("log key", "warn", "unknown while the database does not answer")
    if lacking:
        return Finding(
            "log key",
            "fail",
            f"{settings.LOG_KEY_FILE} is not here, and heads of the log were signed "
            "with it: nothing can be signed on until you bring the file back, or copy "
            "it from the host that has it",
        )
    return Finding("log key", "ok", "it is in no backup: keep a copy elsewhere")


def _backup_place() -> Finding:
    try:
        shelves.shelf().refuse_absent()
        others = kept.of_others()
    except BackupError as error:
        # Only who takes backups must get there, with the bucket's key where there is one.
        return Finding("backup place", "warn", str(error))
    except DatabaseError:
        return Finding("backup place", "warn", "the database cannot say what is ours")
    also = f"; {others}" if others else ""
    return Finding("backup place", "ok", f"{settings.BACKUP_URL} is there{also}")


def _set_aside() -> Finding:
    try:
        aside = engines.engine().set_aside()
    except DatabaseError:
        return Finding(
            "set aside", "warn", "unknown while the database does not answer"
        )
    if not aside:
        return Finding("set aside", "ok", "no restore left anything")
    listed = "; ".join(f"{left.name} ({left.size}): {left.command}" for left in aside)
    return Finding(
        "set aside",
        "warn",
        f"restores moved this aside; once nothing of it is needed, drop it: {listed}",
    )


LOOKS: tuple[Callable[[], Finding], ...] = (
    _database,
    _migrations,
    _search,
    _redis,
    _limits,
    _web,
    cookies,
    _supervisor,
    _disk,
    dotenv,
    misspelt,
    _commit,
    _images,
    _recipients,
    _watchdog,
    _backup_key,
    _backup_place,
    _set_aside,
    _log_key,
    secrets,
    former_secrets,
)
