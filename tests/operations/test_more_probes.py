"""Health with the database cut, dashboards, alert rules, the lock, Redis and counters:
each fault, and each product that is right only where it is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from kernel import http, redis
from operations.domain.alerting import Reading
from operations.models import Alert, Notice, Rule
from operations.probes import alert_rules, health_db
from operations.probes.grafana_json import metrics_in
from operations.probes.health_db import cut_faults
from operations.services import alerting, redis_watch
from tests.probing import Lie, Own, see

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own")]


def health(status: int, database: str) -> http.Reply:
    checks = {"database": [{"status": database, "output": database}]}
    return http.Reply(status, {}, json.dumps({"checks": checks}).encode())


class Product:
    """Tells the truth about its database, unless a lie is told for it."""

    def __init__(self, **lies: http.Reply) -> None:
        self.there, self.lies = True, lies

    def ask(self, path: str) -> http.Reply:
        lie = self.lies.get(path.rpartition("/")[2])
        if lie is not None and not self.there:
            return lie
        if path == "/health/live":
            return http.Reply(200, {}, b"")
        return health(200, "pass") if self.there else health(503, "fail")

    def faults(self) -> list[str]:
        def cut() -> None:
            self.there = False

        def mend() -> None:
            self.there = True

        return list(cut_faults(self.ask, cut=cut, mend=mend))


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_db, "NOTICED_WITHIN", 0)
    monkeypatch.setattr(health_db, "LOOK_SECONDS", 0)


def test_a_database_that_is_cut_and_given_back_is_told(soon: None) -> None:
    assert Product().faults() == []


@pytest.mark.parametrize(
    ("lies", "fault"),
    [
        ({"health": health(200, "pass")}, "with the database cut: it answers 200"),
        ({"health": health(503, "pass")}, "with the database cut: database: pass"),
        ({"ready": http.Reply(200, {}, b"")}, "/health/ready answers 200"),
        ({"live": http.Reply(503, {}, b"")}, "/health/live answers 503"),
    ],
)
def test_a_health_that_hides_the_cut_is_found(
    soon: None, lies: dict[str, http.Reply], fault: str
) -> None:
    assert fault in " ".join(Product(**lies).faults())


def test_a_product_that_does_not_come_back_is_found(soon: None) -> None:
    product = Product()
    faults = list(
        cut_faults(
            product.ask,
            cut=lambda: setattr(product, "there", False),
            mend=lambda: None,
        )
    )
    assert "after the cut: it answers 503, not 200" in faults


# --- dashboards


@pytest.fixture
def boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "monitoring" / "grafana"
    folder.mkdir(parents=True)
    for path in (settings.BASE_DIR / "monitoring" / "grafana").glob("*.json"):
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    return folder


def board(*panels: dict[str, Any], title: str = "Desk") -> str:
    return json.dumps({"title": title, "panels": list(panels)})


def panel(*queries: str) -> dict[str, Any]:
    targets = [{"expr": query} for query in queries]
    return {"type": "timeseries", "title": "a panel", "targets": targets}


def test_our_dashboards_name_only_what_metrics_shows(boards: Path) -> None:
    seen = see("grafana_json")
    assert (seen.value, seen.error) == ("0", ""), seen.detail
    assert int(seen.facts["panels"]) >= 10


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("no json", "is no dashboard"),
        ("{}", "is no dashboard"),
        (board(), "no title, or no panel"),
        (board(panel("rrr_database_up"), title=""), "no title, or no panel"),
        (board(panel()), "it asks nothing"),
        (board(panel("rrr_database_up", "rrr_databse_up")), "rrr_databse_up does not"),
        (board(panel("vector(1)")), "names no metric"),
        (
            board({"type": "row", "panels": [panel("sum(rate(nothing_total[5m]))")]}),
            "nothing_total does not exist",
        ),
    ],
)
def test_a_dashboard_that_shows_nothing_is_found_beside_good_ones(
    boards: Path, content: str, fault: str
) -> None:
    (boards / "z.json").write_text(content)
    seen = see("grafana_json")
    assert seen.value == "1"
    assert fault in seen.detail


def test_no_dashboard_at_all_is_a_fault(boards: Path) -> None:
    for path in boards.iterdir():
        path.unlink()
    assert see("grafana_json").detail.startswith("there is no dashboard")


def test_what_is_no_metric_is_not_taken_for_one() -> None:
    query = (
        'histogram_quantile(0.95, sum(rate(a_bucket{job="x",b=~"y"}[5m])) by (le, z))'
        " / on (instance) group_left (c) d_total unless e offset 5m"
    )
    assert metrics_in(query) == ["a_bucket", "d_total", "e"]


# --- alert rules


@pytest.fixture
def judged(db: None) -> None:
    Rule.objects.update(judged_at=timezone.now())


@pytest.mark.parametrize("name", ["", *alert_rules.MOST])
def test_each_rule_fires_and_resolves_and_leaves_nothing(
    judged: None, name: str
) -> None:
    seen = see("alert_rules", **({"rule": name} if name else {}))
    assert (seen.value, seen.error) == ("0", ""), seen.detail
    assert not Alert.objects.exists()
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"threshold": Decimal(50)}, "it fires above 50 %, its line says 5"),
        ({"enabled": False}, "it is off"),
        ({"judged_at": None}, "nobody has judged it"),
        ({"judged_at": timezone.now() - timedelta(hours=1)}, "nobody has judged it"),
    ],
)
def test_a_rule_that_does_not_do_what_its_line_says_is_found(
    judged: None, values: dict[str, Any], fault: str
) -> None:
    """The rule is right on paper: its series fires and resolves."""
    Rule.objects.filter(name="error-rate").update(**values)
    assert fault in see("alert_rules").detail
    assert see("alert_rules", rule="memory").value == "0"


def test_a_rule_that_is_gone_is_found(judged: None) -> None:
    Rule.objects.filter(name="memory").delete()
    assert see("alert_rules", rule="memory").detail == "memory: it does not exist"


Apply = Callable[..., bool]


def never(reading: Reading, rule: Rule, at: Any) -> bool:
    return False


def always(reading: Reading, rule: Rule, at: Any) -> bool:
    loud = Reading(reading.rule, reading.target, reading.value, breached=True)
    return real(loud, rule, at)


real: Apply = alerting.apply  # before anybody lies


@pytest.mark.parametrize(
    ("lie", "fault"),
    [(never, "it does not fire 30 s above"), (always, "it fires at its threshold")],
)
def test_a_service_that_does_not_follow_its_rules_is_found(
    judged: None, monkeypatch: pytest.MonkeyPatch, lie: Apply, fault: str
) -> None:
    """Thresholds and readings are right; nothing, or anything, comes of them."""
    monkeypatch.setattr(alerting, "apply", lie)
    assert fault in see("alert_rules", rule="error-rate").detail


# --- the lock


def installed(monkeypatch: pytest.MonkeyPatch, **extra: str) -> None:
    there = list(metadata.distributions())
    there += [
        SimpleNamespace(metadata={"Name": name}, version=version)  # type: ignore[misc]
        for name, version in extra.items()
    ]
    monkeypatch.setattr(metadata, "distributions", lambda: iter(there))


def test_what_is_installed_is_pinned() -> None:
    seen = see("lock_vs_installed")
    assert (seen.value, seen.error) == ("0", ""), seen.detail


def test_a_package_that_nobody_pinned_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is pinned is there as pinned: something else is there besides."""
    installed(monkeypatch, backdoor="1.0")
    seen = see("lock_vs_installed")
    assert (seen.value, seen.detail) == (
        "1",
        "backdoor 1.0 is installed, and pinned nowhere",
    )


def test_the_installers_themselves_are_excepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(monkeypatch, pip="99", uv="99", wheel="99", setuptools="99")
    assert see("lock_vs_installed").value == "0"


# --- Redis


class Liar:
    """A Redis that answers, and does one thing otherwise."""

    def __init__(self, **lies: Any) -> None:
        self.real, self.lies = redis.client(), lies

    def __getattr__(self, name: str) -> Any:
        if name in self.lies:
            return lambda *args, **kwargs: self.lies[name]
        return getattr(self.real, name)


@pytest.mark.parametrize(
    ("lies", "fault"),
    [
        ({"get": b"something else"}, "another value of 16 bytes came back"),
        ({"ttl": -1}, "a value is not forgotten"),
        ({"delete": 0}, "a deleted value is still there"),
        ({"exists": 0}, "elsewhere than in this Redis"),
    ],
)
def test_a_redis_that_answers_and_does_not_keep_is_found(
    monkeypatch: pytest.MonkeyPatch, lies: dict[str, Any], fault: str
) -> None:
    liar = Liar(**lies)
    monkeypatch.setattr(redis, "client", lambda: liar)
    assert fault in see("redis").detail


def test_a_cache_that_keeps_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "get", lambda *args: None)
    assert see("redis").detail == "the cache does not keep what it is given"


def test_watch_asks_once_a_minute_and_waits_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "operations.services.redis_watch.probing.run",
        lambda name, _: asked.append(name),
    )
    monkeypatch.setattr(
        "operations.services.redis_watch.connection.close", lambda: None
    )
    watch = redis_watch.RedisWatch()
    for now in (0, 5, 59, 60, 65, 121):
        watch.look(now)
        assert watch._thread is not None
        watch._thread.join()
    assert asked == ["redis"] * 3


# --- counters and health


def test_one_counter_that_stands_still_is_found(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The requests are counted, their answers are not."""
    kept = own(
        "/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    )

    def ask(path: str, **given: Any) -> http.Reply:
        answer = own(path, **given)
        if path != "/metrics" or answer.status != 200:
            return answer
        still = [
            line
            for line in kept.body.splitlines()
            if line.startswith(b"django_http_responses_before")
        ]
        grown = [
            line
            for line in answer.body.splitlines()
            if not line.startswith(b"django_http_responses_before")
        ]
        return http.Reply(200, answer.headers, b"\n".join([*grown, *still]) + b"\n")

    monkeypatch.setattr(http, "own", ask)
    assert (
        "django_http_responses_before_middlewares stands still" in see("metrics").detail
    )


def test_a_health_that_passes_over_a_failing_check_is_found(changed: Lie) -> None:
    checks = {"audit_log": [{"status": "fail"}]}
    body = json.dumps({"status": "pass", "checks": checks}).encode()
    changed("/health", body=body)
    assert see("health").detail == "it calls itself pass, but “Audit log” fails"
