"""Digests that tie a template and its checks to exactly what was published."""

from __future__ import annotations

from collections.abc import Iterable

from audit.domain.canonical import jcs, sha256_hex
from readiness.domain.parsing.document import ParsedItem, Proposal


def definition_sha256(check: Proposal) -> str:
    """What exactly a check asks, as one digest: the SHA-256 of its canonical JSON.

    Signed with every claim, so the bytes are kept for ever (FORMATS).
    """
    return sha256_hex(
        jcs(
            {
                "probe": check.probe,
                "params": dict(check.params),
                "threshold": check.threshold,
                "freshness": str(check.freshness),
                "grace": str(check.grace),
            }
        )
    )


def body_of(item: ParsedItem) -> str:
    """The item's text below its title, as stored."""
    return "\n".join(item.body)


def tree_digest(items: Iterable[ParsedItem]) -> str:
    """SHA-256 over all items with their checks, in document order.

    Two versions with the same digest ask for the same things, whatever else
    changed in the document.
    """
    return sha256_hex(
        jcs(
            [
                {
                    "key": item.key,
                    "parent": item.parent.key if item.parent else None,
                    "section": item.section.slug,
                    "title": item.title,
                    "body_sha256": sha256_hex(body_of(item).encode()),
                    "blocking": item.blocking,
                    "checks": [definition_sha256(check) for check in item.checks],
                }
                for item in items
            ]
        )
    )
