"""An item's state: the rules in their order, one worked case each, and properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.domain.state import (
    SETTLED,
    CheckFacts,
    CheckRecord,
    Exemption,
    FiledEvidence,
    ItemFacts,
    item_state,
)
from readiness.domain.tally import (
    WORST_FIRST,
    counts,
    derive,
    fresh_meter,
    proven_meter,
    verdict,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COMMIT, OTHER = "a" * 40, "b" * 40
HOUR = timedelta(hours=1)


def seen(
    verdict: str = "pass", commit: str = COMMIT, left: timedelta = HOUR
) -> CheckRecord:
    return CheckRecord(
        verdict, commit, NOON - HOUR, NOON + left, reason=f"it did {verdict}"
    )


def check(
    verdict: str = "pass",
    commit: str = COMMIT,
    left: timedelta = HOUR,
    latest: CheckRecord | None = None,
) -> CheckFacts:
    record = seen(verdict, commit, left)
    return CheckFacts("cors", latest or record, record)


def facts(**over) -> ItemFacts:
    return ItemFacts(**{"key": "SEC-01", "commit": COMMIT, **over})


def state(**over) -> str:
    return item_state(facts(**over), NOON).state


WAIVER = Exemption("known risk", NOON + HOUR)
NEVER = CheckFacts("cors")
AHEAD = replace(seen(left=9 * HOUR), observed_at=NOON + HOUR)
FUTURE = CheckFacts("cors", AHEAD, AHEAD)
ERROR_AFTER = check(latest=seen("error"))
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "nobody said or saw anything": ({}, "unclaimed"),
    "a person says so": ({"claimed": True, "claimed_by": "ada"}, "claimed"),
    "the probe passed": ({"checks": [check()]}, "proven"),
    "the probe failed": ({"checks": [check("fail")]}, "failed"),
    "a fail beats a claim": ({"checks": [check("fail")], "claimed": True}, "failed"),
    "a fail never expires": ({"checks": [check("fail", left=-HOUR)]}, "failed"),
    "a fail of another commit is none": (
        {"checks": [check("fail", OTHER)]},
        "unclaimed",
    ),
    "a waiver covers a fail": ({"checks": [check("fail")], "waiver": WAIVER}, "waived"),
    "a waiver covers a pass": ({"checks": [check()], "waiver": WAIVER}, "waived"),
    "an ended waiver covers nothing": (
        {"checks": [check("fail")], "waiver": Exemption("old", NOON)},
        "failed",
    ),
    "not applicable beats all": (
        {
            "checks": [check("fail")],
            "waiver": WAIVER,
            "not_applicable": Exemption("no cache here"),
        },
        "not_applicable",
    ),
    "a pass out of date": ({"checks": [check(left=-HOUR)]}, "stale"),
    "a pass for another commit": ({"checks": [check(commit=OTHER)]}, "stale"),
    "only errors since the pass": ({"checks": [ERROR_AFTER]}, "stale"),
    "stale beats claimed": (
        {"checks": [check(left=-HOUR)], "claimed": True},
        "stale",
    ),
    "an error alone is neither": (
        {"checks": [CheckFacts("cors", seen("error"))]},
        "unclaimed",
    ),
    "one of two checks never ran": ({"checks": [check(), NEVER]}, "unclaimed"),
    "an optional check does not hold back": (
        {"checks": [check(), CheckFacts("extra", required=False)]},
        "proven",
    ),
    "a blank field holds a passed check back": (
        {"checks": [check()], "missing_fields": ["Expiry"]},
        "unclaimed",
    ),
    "filed evidence alone": ({"filed": [FiledEvidence("ada", COMMIT)]}, "unclaimed"),
    "filed and confirmed": (
        {"filed": [FiledEvidence("ada", COMMIT, "grace")]},
        "proven",
    ),
    "confirmed for another commit": (
        {"filed": [FiledEvidence("ada", OTHER, "grace")]},
        "stale",
    ),
    "a filed record does not stand in for a check": (
        {"checks": [NEVER], "filed": [FiledEvidence("ada", COMMIT, "grace")]},
        "unclaimed",
    ),
    "a record that differs from the log counts for nothing": (
        {"checks": [check()], "differs": ["its claim is another"]},
        "failed",
    ),
    "nor does a waiver of it": ({"waiver": WAIVER, "differs": ["forged"]}, "failed"),
    "a pass of the future": ({"checks": [FUTURE]}, "stale"),
    "sign-off lines are outside": ({"section_kind": "sign-off"}, "open"),
    "follow-ups are outside": ({"section_kind": "monitoring"}, "open"),
}


@pytest.mark.parametrize(("over", "wanted"), CASES.values(), ids=CASES.keys())
def test_rules_in_their_order(over: dict[str, Any], wanted: str) -> None:
    assert state(**over) == wanted


def test_the_moment_of_expiry_is_out_of_date() -> None:
    edge = facts(checks=[check(left=timedelta(0))])
    assert item_state(edge, NOON).state == "stale"
    assert item_state(edge, NOON - timedelta(microseconds=1)).state == "proven"


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"checks": [NEVER]}, "Not measured for this commit yet."),
        ({"checks": [check("fail")]}, "it did fail"),
        ({"checks": [check(commit=OTHER)]}, "Passed for another commit (bbbbbbbb)"),
        ({"checks": [check(left=-HOUR)]}, "out of date"),
        ({"checks": [ERROR_AFTER]}, "it did error"),
        ({"claimed": True, "claimed_by": "ada"}, "Claimed by ada. Needs a person"),
        ({"filed": [FiledEvidence("ada", COMMIT)]}, "of ada waits for a second person"),
        ({"checks": [check()], "missing_fields": ["Expiry"]}, "Still blank: Expiry."),
    ],
)
def test_every_state_says_why(over: dict[str, Any], words: str) -> None:
    assert words in item_state(facts(**over), NOON).reason


@pytest.mark.parametrize("verdict", ["fail", "error"])
def test_of_several_checks_the_reason_says_which(verdict: str) -> None:
    of_two = facts(checks=[check(), replace(check(verdict), title="Gzip is on")])
    assert item_state(of_two, NOON).reason == f"Gzip is on: it did {verdict}"


@pytest.mark.parametrize("verdict", ["fail", "error"])
def test_a_record_that_gives_no_reason_proves_nothing(verdict: str) -> None:
    seen = replace(NEVER, latest=CheckRecord(verdict, COMMIT, NOON, None))
    assert item_state(facts(checks=[seen]), NOON).state != "proven"


def family(parent: dict[str, Any], *children: dict[str, Any]) -> dict[str, str]:
    rows = [facts(key="P", **parent)]
    rows += [facts(key=f"P.{n}", parent="P", **one) for n, one in enumerate(children)]
    return {key: one.state for key, one in derive(rows, NOON).items()}


PROVEN: dict[str, Any] = {"checks": [check()]}
FAILED: dict[str, Any] = {"checks": [check("fail")]}


def test_a_parent_takes_the_worst_of_its_own_and_its_blocking_children() -> None:
    assert family(PROVEN, PROVEN, FAILED)["P"] == "failed"
    assert family(PROVEN, PROVEN, {})["P"] == "unclaimed"
    assert family(PROVEN, PROVEN)["P"] == "proven"
    assert family(FAILED, PROVEN)["P"] == "failed"


@pytest.mark.parametrize("kind", ["optional", "advisory"])
def test_children_that_do_not_block_never_hold_it_back(kind: str) -> None:
    assert family(PROVEN, {**FAILED, "blocking": kind})["P"] == "proven"


def test_a_parent_says_who_holds_it_back() -> None:
    rows = [facts(key="P", **PROVEN), facts(key="P.1", parent="P", **FAILED)]
    found = derive(rows, NOON)["P"]
    assert (found.held_by, found.own) == ("P.1", "proven")
    assert found.reason == "Held back by P.1."


def test_a_grandchild_reaches_the_top_and_depth_needs_no_recursion() -> None:
    rows = [facts(key="0", **PROVEN)]
    rows += [facts(key=str(n), parent=str(n - 1), **PROVEN) for n in range(1, 5000)]
    rows.append(facts(key="5000", parent="4999", **FAILED))
    assert derive(rows, NOON)["0"].state == "failed"


def test_blockers_are_counted_once_and_name_their_lines() -> None:
    rows = [
        facts(key="A", **PROVEN),
        facts(key="A.1", parent="A", **FAILED),
        facts(key="B", blocking="advisory"),
        facts(key="C", section_kind="sign-off"),
    ]
    found = verdict(rows, derive(rows, NOON))
    assert (found.ready, found.blockers) == (False, ("A.1",))


def test_meters_leave_out_what_does_not_apply_and_what_lies_outside() -> None:
    rows = [
        facts(key="A", **PROVEN),
        facts(key="B", checks=[check(left=-HOUR)]),
        facts(key="C", not_applicable=Exemption("none here")),
        facts(key="D", section_kind="monitoring"),
    ]
    tally = counts(rows, derive(rows, NOON))
    assert (tally.all, tally.proven, tally.stale, tally.not_applicable) == (3, 1, 1, 1)
    assert (proven_meter(tally).value, proven_meter(tally).of) == (1, 2)
    assert (fresh_meter(tally).value, fresh_meter(tally).of) == (1, 2)


def test_nothing_proven_leaves_the_fresh_meter_empty() -> None:
    rows = [facts()]
    assert fresh_meter(counts(rows, derive(rows, NOON))).of == 0


verdicts = st.sampled_from(["pass", "fail", "error"])
records = st.builds(
    seen,
    verdict=verdicts,
    commit=st.sampled_from([COMMIT, OTHER]),
    left=st.sampled_from([HOUR, -HOUR]),
)
check_facts = st.builds(
    lambda latest, older: CheckFacts(
        "p",
        latest,
        latest if latest and latest.verdict != "error" else older,
    ),
    st.none() | records,
    st.none() | records.filter(lambda one: one.verdict != "error"),
)
some_facts = st.builds(
    facts,
    claimed=st.booleans(),
    checks=st.lists(check_facts, max_size=3),
    missing_fields=st.sampled_from([(), ("Expiry",)]),
    filed=st.lists(
        st.builds(
            FiledEvidence,
            by=st.just("ada"),
            commit=st.sampled_from([COMMIT, OTHER]),
            confirmed_by=st.sampled_from([None, "grace"]),
        ),
        max_size=2,
    ),
    waiver=st.sampled_from([None, WAIVER, Exemption("old", NOON)]),
    not_applicable=st.sampled_from([None, Exemption("none here")]),
)


@given(some_facts)
def test_a_claim_alone_never_changes_more_than_open_to_claimed(one: ItemFacts) -> None:
    both = {
        item_state(facts(**{**one.__dict__, "claimed": c}), NOON).state
        for c in (True, False)
    }
    assert len(both) == 1 or both == {"claimed", "unclaimed"}


@given(some_facts)
def test_proven_always_rests_on_the_commit_under_review(one: ItemFacts) -> None:
    elsewhere = facts(**{**one.__dict__, "commit": "c" * 40})
    assert item_state(elsewhere, NOON).state != "proven"


@given(some_facts)
def test_proven_goes_out_of_date_or_stays_but_never_turns_into_less_known(
    one: ItemFacts,
) -> None:
    now, later = item_state(one, NOON).state, item_state(one, NOON + 9 * HOUR).state
    if now == "proven":
        assert later in {"proven", "stale"}


@given(st.lists(some_facts, min_size=1, max_size=6))
def test_a_parent_is_never_better_than_a_blocking_child(rows: list[ItemFacts]) -> None:
    named = [
        facts(**{**one.__dict__, "key": str(n), "parent": "0" if n else None})
        for n, one in enumerate(rows)
    ]
    found = derive(named, NOON)
    rank = {name: n for n, name in enumerate(WORST_FIRST)}
    assert all(rank[found["0"].state] <= rank[found[one.key].state] for one in named)


@given(st.lists(some_facts, min_size=1, max_size=6))
def test_ready_means_that_every_blocking_line_is_settled(rows: list[ItemFacts]) -> None:
    named = [
        facts(**{**one.__dict__, "key": str(n), "parent": "0" if n else None})
        for n, one in enumerate(rows)
    ]
    found = derive(named, NOON)
    settled = all(found[one.key].state in SETTLED for one in named)
    assert verdict(named, found).ready == settled


def test_every_combination_of_two_lines_is_decided() -> None:
    worlds = [over for over, _ in CASES.values()]
    for parent, child in product(worlds, worlds):
        assert set(family(parent, child)) == {"P", "P.0"}
