"""Claims, claim root and statement, byte for byte as they are kept for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.domain import dsse, merkle
from readiness.domain.claims import (
    Claim,
    ClaimedCheck,
    ClaimedNotApplicable,
    ClaimedWaiver,
    changes,
    claim_root,
)
from readiness.domain.definitions import definition_sha256
from readiness.domain.parsing.document import Proposal
from readiness.domain.statements import (
    PAYLOAD_TYPE,
    Signing,
    Statement,
    TemplateName,
    payload,
    policy_sha256,
)

CORS = definition_sha256(Proposal("cors"))
FIRST = Claim(
    key="SEC-01",
    title="CORS limited to named origins",
    body="",
    blocking="blocking",
    done=True,
    by="developer",
    checks=[ClaimedCheck("cors", CORS, None, "pass")],
)
SECOND = Claim(
    key="SEC-02",
    title="Secrets rotated",
    body="",
    blocking="advisory",
    done=False,
    by=None,
    fields={"Owner": "security"},
)
# The body of the second known claim is not handed down, only its digest.
SECOND_BODY_SHA256 = "f57eb9ffb122c810c83911e0df6c4f0d45ffc1f70997d1eacf89659e007b9666"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
KNOWN = [
    b'{"blocking":"blocking","body_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","checks":[{"definition_sha256":"ec27851d10f1fe99f1fb62e3137cbb4e531d959a0d3bc0d4e8bcbcc0b04b926a","probe":"cors","threshold":null,"verdict":"pass"}],"claim":{"by":"developer","done":true},"evidence":[],"fields":{},"key":"SEC-01","not_applicable":null,"title":"CORS limited to named origins","waiver":null}',
    b'{"blocking":"advisory","body_sha256":"f57eb9ffb122c810c83911e0df6c4f0d45ffc1f70997d1eacf89659e007b9666","checks":[],"claim":{"by":null,"done":false},"evidence":[],"fields":{"Owner":"security"},"key":"SEC-02","not_applicable":null,"title":"Secrets rotated","waiver":null}',
]


def test_the_definition_of_a_check_is_the_known_digest() -> None:
    assert CORS == "ec27851d10f1fe99f1fb62e3137cbb4e531d959a0d3bc0d4e8bcbcc0b04b926a"


def test_the_claims_are_written_as_known() -> None:
    second = SECOND.bytes().replace(EMPTY_SHA256.encode(), SECOND_BODY_SHA256.encode())

    assert [FIRST.bytes(), second] == KNOWN


def test_leaves_and_claim_root_are_the_known_ones() -> None:
    assert [merkle.leaf_hash(claim).hex() for claim in KNOWN] == [
        "42bb3d8cc26b6c159d0f773e6d326a7ae13372f196d2c40050027f382f90a7ad",
        "97731396c9a57b9d74015b2832f4679f022ae73b97e34d01e38be8f0fdcae46e",
    ]
    assert claim_root(KNOWN).hex() == (
        "24d6ca17275d71eaa1bb8423bf0f79f2cad5758196b64c8eb2961e8c6c8d12a9"
    )


ENDS = datetime(2026, 12, 8, 12, tzinfo=UTC)
CHANGED = [
    ({"title": "Other"}, "its title changed"),
    ({"body": "more"}, "its text changed"),
    ({"blocking": "optional"}, "whether it blocks changed"),
    ({"done": False, "by": None}, "the claim changed"),
    ({"by": "devops"}, "the claim changed"),
    ({"fields": {"Expiry": "2027"}}, "a filled-in field changed"),
    (
        {"checks": [ClaimedCheck("cors", CORS, None, "fail")]},
        "a check or its verdict changed",
    ),
    (
        {"checks": [ClaimedCheck("cors", CORS, "< 1", "pass")]},
        "a check or its verdict changed",
    ),
    (
        {"checks": [ClaimedCheck("cors", "0" * 64, None, "pass")]},
        "a check or its verdict changed",
    ),
    ({"waiver": ClaimedWaiver("known", "lead", ENDS)}, "its waiver changed"),
    (
        {"not_applicable": ClaimedNotApplicable("no", ["b", "a"])},
        "whether it applies changed",
    ),
    ({"evidence": ["ff" * 32]}, "a person's evidence changed"),
]


@pytest.mark.parametrize(("change", "words"), CHANGED)
def test_whatever_a_claim_says_changes_the_root_and_is_named(
    change: dict[str, object], words: str
) -> None:
    now = replace(FIRST, **change)  # type: ignore[arg-type]

    before, after = [FIRST.bytes(), KNOWN[1]], [now.bytes(), KNOWN[1]]

    assert claim_root(before) != claim_root(after)
    (found,) = changes(before, after)
    assert (found.key, found.change) == ("SEC-01", words)
    assert found.before != found.now or "body" in change


def test_the_order_of_evidence_and_persons_does_not_matter() -> None:
    one = replace(
        FIRST, evidence=["b", "a"], not_applicable=ClaimedNotApplicable("x", ["b", "a"])
    )
    other = replace(
        FIRST, evidence=["a", "b"], not_applicable=ClaimedNotApplicable("x", ["a", "b"])
    )

    assert one.bytes() == other.bytes()


KEYS = st.lists(st.sampled_from("ABCDEF"), unique=True)
CLAIM_SETS = KEYS.flatmap(
    lambda keys: st.tuples(
        *(
            st.builds(
                lambda key, done: replace(
                    SECOND, key=key, done=done, by="ada" if done else None
                ).bytes(),
                st.just(key),
                st.booleans(),
            )
            for key in keys
        )
    )
)


@given(CLAIM_SETS, CLAIM_SETS)
def test_a_root_differs_exactly_when_a_line_is_named(
    before: tuple[bytes, ...], now: tuple[bytes, ...]
) -> None:
    assert (claim_root(before) == claim_root(now)) == (changes(before, now) == [])


@given(CLAIM_SETS, CLAIM_SETS)
def test_exactly_the_lines_that_differ_are_named(
    before: tuple[bytes, ...], now: tuple[bytes, ...]
) -> None:
    named = {one.key for one in changes(before, now)}
    differing = {json.loads(one)["key"] for one in set(before) ^ set(now)}

    assert differing <= named
    if differing:
        assert named == differing


STATEMENT = Statement(
    claim_root=claim_root(KNOWN).hex(),
    commit="4e1c09a" + "0" * 33,
    earlier=["bb" * 32, "aa" * 32],
    environment="demo",
    group="2",
    policy_sha256="cc" * 32,
    release="1.0.0",
    review="8a0f3f1e-0000-4000-8000-000000000000",
    role="Technical Lead",
    template=TemplateName("production-readiness", "1", "dd" * 32),
)
SIGNING = Signing(
    meaning="reviewed",
    note="",
    handle="lead",
    name="Lea Lead",
    key_id="ee" * 32,
    auth_method="password+passphrase",
    auth_at=ENDS,
    signed_at=ENDS,
    nonce="00" * 16,
    log_origin="rrr-dashboard/x",
    log_size=3,
    log_root="ff" * 32,
    summary={"proven": "2"},
)


def test_a_statement_is_canonical_and_names_earlier_envelopes_in_order() -> None:
    read = json.loads(STATEMENT.bytes())

    assert read["earlier"] == ["aa" * 32, "bb" * 32]
    assert set(read) == {
        "claimRoot",
        "commit",
        "earlier",
        "environment",
        "group",
        "policySha256",
        "release",
        "review",
        "role",
        "template",
    }
    assert STATEMENT.sha256() != replace(STATEMENT, group="1").sha256()


def test_the_payload_keeps_statement_and_signing_apart() -> None:
    read = json.loads(payload(STATEMENT, SIGNING, "technical-lead"))

    assert read["_type"] == "https://in-toto.io/Statement/v1"
    assert read["subject"] == [
        {
            "name": f"review/{STATEMENT.review}/technical-lead",
            "digest": {"sha256": STATEMENT.claim_root},
        },
        {"name": "git", "digest": {"gitCommit": STATEMENT.commit}},
    ]
    assert read["predicate"]["statement"] == STATEMENT.document()
    assert set(read["predicate"]["signing"]) == {
        "meaning",
        "note",
        "signer",
        "auth",
        "signedAt",
        "nonce",
        "log",
        "summary",
    }


def test_the_payload_can_be_sealed_and_opened() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key().public_bytes_raw()
    signed = payload(STATEMENT, SIGNING, "technical-lead")

    envelope = dsse.sign(PAYLOAD_TYPE, signed, key)

    assert dsse.verify(envelope, PAYLOAD_TYPE, {dsse.key_id(public): public}) == signed


def test_the_policy_s_digest_does_not_depend_on_how_numbers_are_kept() -> None:
    rule = {
        "role": "Developer",
        "sections": ["a"],
        "group": "1",
        "minimum": "1",
        "distinct": True,
    }

    assert policy_sha256([rule]) == policy_sha256([rule | {"group": 1, "minimum": 1}])
    assert policy_sha256([rule]) != policy_sha256([rule | {"minimum": "2"}])
