"""Answers as they were sent, kept while they are true."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.middleware.conditional import BODY_HEADERS
from kernel.remembered_by_all import RememberedByAll
from kernel.web import names_tag

MOST_BYTES = 32_000_000
MOST_BODY = 1_000_000
# An answer says for when it was told, and how old its prices were then.
KEPT_SECONDS = 60.0
NOT_MODIFIED = "304 Not Modified"
# Of the body that a 304 has not got.
OF_BODY = frozenset(name.lower() for name in BODY_HEADERS) | {"content-encoding"}


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer, but for the headers that are another for each request."""

    status: str
    headers: Sequence[tuple[str, str]]
    content: bytes

    @property
    def code(self) -> int:
        return int(self.status[:3])

    @property
    def etag(self) -> str:
        return self._header("etag")

    @property
    def may_be_kept(self) -> bool:
        """What is no one's and tells its version."""
        whole = self.code == 200 and len(self.content) <= MOST_BODY
        return whole and bool(self.etag) and not self._header("set-cookie")

    def for_holder(self, held: str) -> WholeAnswer:
        """A 304 where If-None-Match (`held`) names this very version."""
        if not held or self.code != 200 or not names_tag(held, self.etag):
            return self
        headers = [pair for pair in self.headers if pair[0].lower() not in OF_BODY]
        return WholeAnswer(NOT_MODIFIED, headers, b"")

    def with_body(self, content: bytes, **headers: str) -> WholeAnswer:
        """The same with another body, and other values of some of its headers."""
        given = {name.replace("_", "-").lower(): text for name, text in headers.items()}
        given["content-length"] = str(len(content))
        kept = [(name, given.get(name.lower(), text)) for name, text in self.headers]
        return WholeAnswer(self.status, kept, content)

    def _header(self, wanted: str) -> str:
        return next((text for name, text in self.headers if name.lower() == wanted), "")


def packed(answer: WholeAnswer, **more: object) -> bytes:
    """For other processes: a line of JSON, then the body."""
    head = {"status": answer.status, "headers": list(answer.headers), **more}
    return json.dumps(head).encode() + b"\n" + answer.content


def unpacked(told: bytes) -> tuple[WholeAnswer, Mapping[str, Any]]:
    line, _, content = told.partition(b"\n")
    head = json.loads(line)
    headers = [(name, text) for name, text in head["headers"]]
    return WholeAnswer(head["status"], headers, content), head


class Answers(RememberedByAll[WholeAnswer]):
    """At most `most_bytes` of bodies in this process."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        super().__init__(
            "answer", most_bytes, KEPT_SECONDS, packed, lambda told: unpacked(told)[0]
        )
