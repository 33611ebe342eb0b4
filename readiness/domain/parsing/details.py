"""What is said about items and blanks once all of them are known."""

from __future__ import annotations

from readiness.domain.parsing import words
from readiness.domain.parsing.document import ParsedBlank, ParsedItem

WORDS_AT_MOST = 2_000  # a longer line is kept as text, but not searched for words


def describe(item: ParsedItem) -> None:
    """What the item's words say about it: advisory, and its threshold."""
    if words.OPTIONAL.search(item.text[:WORDS_AT_MOST]) or any(
        status.casefold() == "optional" for status in item.statuses
    ):
        item.blocking = "advisory"
    said = [item.text] + [line for line in item.body if words.EXPECTS.match(line)]
    stated = (words.threshold(line[:WORDS_AT_MOST]) for line in said)
    item.threshold = next((threshold for threshold in stated if threshold), None)


def number_same_labels(blanks: list[ParsedBlank]) -> None:
    """Three blanks below "Known issues:" become "Known issues 1" to "3"."""
    same: dict[tuple[int, int, str], list[ParsedBlank]] = {}
    for blank in blanks:
        owner = (id(blank.section), id(blank.item), blank.label)
        same.setdefault(owner, []).append(blank)
    for group in same.values():
        for number, blank in enumerate(group, start=1):
            if len(group) > 1:
                blank.label = f"{blank.label} {number}"
