"""The digest of a check's definition, with the published test vector."""

from __future__ import annotations

from readiness.domain.definitions import definition_sha256
from readiness.domain.parsing.document import Proposal


def test_vector() -> None:
    assert (
        definition_sha256(Proposal("cors"))
        == "ec27851d10f1fe99f1fb62e3137cbb4e531d959a0d3bc0d4e8bcbcc0b04b926a"
    )


def test_every_part_counts() -> None:
    digests = {
        definition_sha256(one)
        for one in (
            Proposal("a"),
            Proposal("a", {"x": "1"}),
            Proposal("a", threshold="< 1"),
            Proposal("a", freshness=60),
            Proposal("a", grace=60),
        )
    }
    assert len(digests) == 5
