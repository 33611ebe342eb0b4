"""Each step of "Rotating a key" in docs/security.md, on a product that runs: what shall
go on goes on, and the old secret opens nothing any more."""

from __future__ import annotations

import json
import secrets
import subprocess
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from pyrage.x25519 import Identity

from accounts.domain.key_names import kid_of
from tests.once_started import once_started
from tests.served import Answer, Served, until

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(900)]
Browser = urllib.request.OpenerDirector


def fresh() -> dict[str, str]:
    """A set of secrets, as a first start makes them."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "JWT_SECRET": secrets.token_urlsafe(96),
        "METRICS_TOKEN": secrets.token_urlsafe(32),
        "ALERTMANAGER_TOKEN": secrets.token_urlsafe(32),
        "FIELD_KEY": b64encode(secrets.token_bytes(32)).decode(),
        "BACKUP_KEY": str(Identity.generate()),
    }


@pytest.fixture
def serve(django_db_setup: None, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """serve(**secrets): a product in the same folder as the one before it."""
    started: list[Served] = []
    state = once_started(tmp_path / "state")

    def start(**environment: str) -> Served:
        started.append(Served(state, **environment).ready())
        return started[-1]

    yield start
    for served in started:
        served.kill_all()


def is_in(served: Served, browser: Browser) -> bool:
    """Whether the browser's session still opens pages."""
    with browser.open(served.url("/settings/profile/"), timeout=30) as page:
        return "/accounts/login/" not in page.url


def is_good(served: Served, token: str) -> bool:
    return served.ask("/api/me", token=token).status == 200


def refreshed(served: Served, pair: dict[str, str]) -> Answer:
    return served.ask("/api/token/refresh", {"refresh": pair["refresh"]})


def signed_by(token: str, secret: str) -> bool:
    return bool(jwt.get_unverified_header(token)["kid"] == kid_of(secret))


def scraped(served: Served, token: str) -> int:
    return served.ask("/metrics", token=token).status


def listed(served: Served, token: str) -> list[str]:
    """The trades that the API shows, by their external ids."""
    answer = served.ask("/api/trades", token=token)
    return [trade["external_id"] for trade in json.loads(answer.body)["trades"]]


def went_well(ended: subprocess.CompletedProcess[str]) -> str:
    """What a command said."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_every_secret_is_changed_and_nothing_is_lost(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    old, new = fresh(), fresh()
    first = serve(**old)
    first.add_people("ada", "ben")
    used, idle = first.log_in("ada"), first.log_in("ben")
    pair, other = first.pair("ada"), first.pair("ben")
    trade = first.trade("once")
    assert first.ask("/api/trades", trade, token=pair["access"], key="k").status == 201
    exported, saved = first.manage_in_turn(
        f"export_backup_key {tmp_path / 'old.key'}", "backup"
    )
    went_well(exported)
    archive = went_well(saved).split()[0]
    assert first.stop() == 0

    second = serve(
        **new,
        SECRET_KEY_FALLBACKS=old["SECRET_KEY"],
        JWT_SECRET_PREVIOUS=old["JWT_SECRET"],
    )
    assert is_in(second, used)
    assert is_good(second, pair["access"])
    again = second.ask("/api/trades", trade, token=pair["access"], key="k")
    assert (again.status, listed(second, pair["access"])) == (201, ["once"])
    newer: dict[str, str] = json.loads(refreshed(second, pair).body)
    assert signed_by(newer["access"], new["JWT_SECRET"])
    assert [scraped(second, each["METRICS_TOKEN"]) for each in (old, new)] == [401, 200]
    _backups_of_both_keys(second, archive, tmp_path, old)
    _the_log_goes_on(second, newer["access"])
    assert second.stop() == 0

    third = serve(**new)
    assert is_in(third, used), "what was used meanwhile is signed by the new key"
    assert not is_in(third, idle)
    assert is_good(third, newer["access"])
    assert not is_good(third, other["access"])
    assert refreshed(third, other).status == 401
    assert refreshed(third, newer).status == 200


def _backups_of_both_keys(
    served: Served, archive: str, folder: Path, old: dict[str, str]
) -> None:
    *fine, refused = served.manage_in_turn(
        f"export_backup_key {folder / 'new.key'}",
        "backup",
        "restore_drill",
        f"restore {archive}",
    )
    for each in fine:
        went_well(each)
    assert refused.returncode == 1
    assert "key" in refused.stderr
    key = (folder / "old.key").read_text().strip().splitlines()[-1]
    assert key == old["BACKUP_KEY"]
    opened = served.manage("restore", archive, BACKUP_KEY=key)
    assert "nothing was changed" in went_well(opened)


def _the_log_goes_on(served: Served, token: str) -> None:
    """The running processes sign with the new key, and nobody was restarted."""
    kept = served.state / "log.key"
    assert until(120, kept.exists), "no head was signed yet"
    before = kept.read_bytes()
    assert "verifier key is now" in went_well(served.manage("rotate_log_key"))
    assert kept.read_bytes() != before
    assert served.ask("/api/trades", served.trade("after"), token=token).status == 201
    verified, doctor = served.manage_in_turn("verify_log", "doctor")
    went_well(verified)
    assert "FAIL" not in doctor.stdout
    told: Any = json.loads(served.ask("/health").body)
    assert told["status"] in {"pass", "warn"}
