"""What becomes of a measurement: a result that is bound to what was looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone

from kernel import build, configuration, http, registry
from kernel.build import Build
from kernel.registry import Measurement, Probe
from operations import queries
from operations.models import ProbeResult
from operations.services import catalogue, probing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own", "steady")]
COMMIT = "a" * 40


@pytest.fixture
def steady(monkeypatch) -> None:
    """A probe of a running product that finds nothing, on any database."""
    probe = Probe("steady", lambda params: Measurement("0", "steady", "faults"), "One")
    monkeypatch.setitem(registry.PROBES, "steady", probe)


def with_build(monkeypatch, *builds: Build) -> None:
    """The tree looks like these builds, one after the other."""
    left = list(builds)
    monkeypatch.setattr(build, "running", lambda: builds[0])
    monkeypatch.setattr(
        build, "look", lambda: left.pop(0) if len(left) > 1 else left[0]
    )


def latest(
    name: str, params: dict[str, str], commit: str, environment: str
) -> ProbeResult | None:
    results = queries.latest_results([(name, params)], commit, environment)
    return results.get((name, queries.params_digest(params)))


def test_a_result_is_found_by_name_params_commit_and_environment(monkeypatch) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    made = probing.run("steady", {"pragma": "foreign_keys"})
    params = {"pragma": "foreign_keys"}
    found = latest("steady", params, COMMIT, settings.RRR_ENV)
    assert found == made
    for name, given, commit, environment in [
        ("steady", {}, COMMIT, settings.RRR_ENV),
        ("steady", params, "b" * 40, settings.RRR_ENV),
        ("steady", params, COMMIT, "production"),
    ]:
        assert latest(name, given, commit, environment) is None


def test_evidence_about_files_counts_in_every_environment(monkeypatch) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    made = probing.run("env_doc", {})
    assert latest("env_doc", {}, COMMIT, "production") == made


def test_the_newest_result_wins(monkeypatch) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    probing.run("env_doc", {})
    newest = probing.run("env_doc", {})
    assert latest("env_doc", {}, COMMIT, "demo") == newest


@pytest.mark.parametrize(
    ("value", "params", "paused", "minutes"),
    [
        ("2", {}, False, 10),
        ("0", {}, False, 360),
        (None, {}, False, 360),
        ("2", {"rule": "memory"}, False, 360),
        ("2", {}, True, 360),
    ],
    ids=["fails", "passes", "no data", "asked with params", "paused"],
)
def test_what_fails_by_its_schedule_is_looked_at_again_in_ten_minutes(
    monkeypatch, value: str | None, params: dict[str, str], paused: bool, minutes: int
) -> None:
    """A product that has only begun was failing for six hours."""
    with_build(monkeypatch, Build(COMMIT, clean=True))
    measured = Measurement(value, "of a schedule", "faults")
    probe = Probe("seldom", lambda params: measured, "One", every=timedelta(hours=6))
    monkeypatch.setitem(registry.PROBES, "seldom", probe)
    job, now = catalogue.job_row("probe:seldom"), timezone.now()
    job.next_due = now + timedelta(minutes=360)
    job.paused_at = now if paused else None
    job.save()
    probing.run("seldom", params)
    job.refresh_from_db()
    assert job.next_due is not None
    assert round((job.next_due - now) / timedelta(minutes=1)) == minutes


@pytest.mark.parametrize("name", ["env_doc", "health"])
def test_a_changed_tree_proves_nothing_and_says_so(monkeypatch, name: str) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=False))
    probing.run(name, {})
    seen = latest(name, {}, COMMIT, settings.RRR_ENV)
    assert seen is not None
    assert seen.value is None
    assert "differ" in seen.error


def test_a_web_process_of_another_commit_is_named(monkeypatch, changed) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    changed("/health/live", headers={"x-rrr-commit": "c" * 40})
    seen = probing.run("steady", {"pragma": "foreign_keys"})
    assert (seen.value, seen.commit) == (None, COMMIT)
    assert "another commit than its workers" in seen.error


def test_a_web_process_that_does_not_know_our_key_is_named(
    monkeypatch, changed
) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    changed("/health/live", headers={"x-rrr-configuration": None})
    seen = probing.run("steady", {"pragma": "foreign_keys"})
    assert (seen.value, "another SECRET_KEY" in seen.error) == (None, True)


def test_a_result_names_the_settings_of_the_process_that_answered(
    monkeypatch,
) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    params = {"pragma": "foreign_keys"}
    made = probing.run("steady", params)
    assert made.configuration == configuration.running()
    asked = [("steady", params)]
    key = ("steady", queries.params_digest(params))
    for digest, counts in ((made.configuration, True), ("0" * 64, False)):
        found = queries.latest_results(asked, COMMIT, settings.RRR_ENV, digest)
        assert (key in found) is counts


def test_a_restart_with_other_settings_meanwhile_is_an_error(
    monkeypatch, own, changed
) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    digests = iter(["1" * 64, "2" * 64])

    def ask(path: str, **given: Any) -> http.Reply:
        headers = {"x-rrr-commit": COMMIT, "x-rrr-clean": "true"}
        return http.Reply(200, {**headers, "x-rrr-configuration": next(digests)}, b"")

    monkeypatch.setattr(http, "own", ask)
    seen = probing.run("steady", {"pragma": "foreign_keys"})
    assert (seen.value, seen.error) == (
        None,
        "the product was restarted; restart and repeat",
    )


def test_a_tree_that_moved_while_we_looked_is_an_error(monkeypatch) -> None:
    moved = Build("b" * 40, clean=True)
    with_build(monkeypatch, Build(COMMIT, clean=True), moved)
    seen = probing.run("env_doc", {})
    assert seen.value is None
    assert seen.error == "the tree moved; restart and repeat"


def test_a_probe_about_the_product_names_the_commit_that_answered(monkeypatch) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    assert probing.run("health", {}).commit == COMMIT


def test_what_is_expected_to_fail_is_a_result_with_an_error(monkeypatch) -> None:
    def silent(*args: object, **kwargs: object) -> http.Reply:
        raise http.NoAnswer("nobody home")

    monkeypatch.setattr(http, "own", silent)
    seen = probing.run("health", {})
    assert (seen.value, seen.error) == (None, "NoAnswer: nobody home")


def test_a_broken_probe_leaves_its_error_and_raises(monkeypatch) -> None:
    def broken(size: int) -> str:
        raise TypeError("not a number")

    monkeypatch.setattr("operations.probes.redis.secrets.token_hex", broken)
    with pytest.raises(TypeError):
        probing.run("redis", {})
    assert ProbeResult.objects.get().error.startswith("the probe broke: TypeError")


def test_a_probe_that_is_stopped_says_so_in_words(monkeypatch) -> None:
    def endless(size: int) -> str:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr("operations.probes.redis.secrets.token_hex", endless)
    with pytest.raises(SoftTimeLimitExceeded):
        probing.run("redis", {})
    said = ProbeResult.objects.get().error
    assert said == "the probe broke: it took longer than it may"


def test_secrets_are_redacted_before_they_are_kept() -> None:
    raw = f"a {settings.SECRET_KEY} b\nAuthorization: Bearer abc\npassword=hunter2"
    kept = probing.redacted(raw.encode()).decode()
    assert settings.SECRET_KEY not in kept
    assert "hunter2" not in kept
    assert "abc" not in kept
