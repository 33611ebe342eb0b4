"""The tree of RFC 6962, against its definition and its published figures."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.domain import merkle

LEAVES = st.lists(st.binary(min_size=32, max_size=32), max_size=40)
# Certificate Transparency's reference entries and the root over all eight.
ENTRIES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOT_OF_EIGHT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    left, right = by_definition(leaves[:k]), by_definition(leaves[k:])
    return sha256(b"\x01" + left + right).digest()


def test_the_published_root_comes_out() -> None:
    leaves = [merkle.leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]

    assert merkle.root(leaves).hex() == ROOT_OF_EIGHT


@given(LEAVES)
def test_the_root_is_the_one_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == by_definition(leaves)


@given(LEAVES, st.integers(0, 40))
def test_a_tree_may_grow_in_two_steps(leaves: list[bytes], cut: int) -> None:
    first = merkle.Frontier().extended(leaves[:cut])

    grown = first.extended(leaves[cut:])

    assert grown == merkle.Frontier().extended(leaves)
    assert len(grown.peaks) == len(leaves).bit_count()


@given(LEAVES.filter(bool), st.data())
def test_each_leaf_is_proven_included_and_no_other(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = merkle.inclusion_proof(index, leaves)
    root = merkle.root(leaves)
    size = len(leaves)

    assert merkle.included(leaves[index], index, size, proof, root)
    stranger = sha256(leaves[index]).digest()
    assert not merkle.included(stranger, index, size, proof, root)
    assert not merkle.included(leaves[index], index, size, [*proof, root], root)
    assert not merkle.included(leaves[index], size, size, proof, root)
    if proof:
        assert not merkle.included(leaves[index], index, size, proof[:-1], root)


def test_a_leaf_that_is_not_there_has_no_proof() -> None:
    with pytest.raises(ValueError, match="no leaf 3"):
        merkle.inclusion_proof(3, [bytes(32)] * 3)
