"""Every status that an operation answers anywhere in this suite is in its document.

"Anything else", which the document promises of each as well, counts for nothing here:
a client that is generated from it knows the statuses by name.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from tests.api_schema.published import FILE

ID = re.compile(r"<[^>]*>|\{[^}]*\}")
# Of no operation's own doing: something of ours is broken.
OUR_FAULT = 500


@cache
def statuses() -> dict[tuple[str, str], frozenset[int]]:
    """{(method, path without names of ids): statuses} of the published document."""
    operations: dict[str, dict[str, Any]] = json.loads(FILE.read_text())["operations"]
    known = {}
    for name, operation in operations.items():
        method, path = name.split()
        told = {*operation["problems"], *operation} - {"default"}
        known[method, ID.sub("{}", path)] = frozenset(
            int(status) for status in told if status.isdigit()
        )
    return known


def undocumented(method: str, route: str, status: int) -> str:
    """What is wrong, in words; "" where it is promised, or where nothing is."""
    promised = statuses().get((method, ID.sub("{}", f"/{route}")))
    if promised is None or status in promised or status == OUR_FAULT:
        return ""
    return f"{method} /{route} answers {status}: its OpenAPI document does not say so"


def check(answer: Any) -> None:
    """Raises AssertionError for an answer of Django's test client that no document
    promises."""
    request = answer.wsgi_request
    match = request.resolver_match
    if match is not None and match.route.startswith("api/"):
        wrong = undocumented(request.method, match.route, answer.status_code)
        assert not wrong, wrong
