"""The examples of the published document: what a walk through the API once sent and
was answered, shortened. Who changes an answer renews them:

    .venv/bin/python -m tests.api_schema.examples
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rrr_dashboard.describing import EXAMPLES

if TYPE_CHECKING:
    # It imports models, for which the command above has no settings yet.
    from tests.api_schema.walk import Call

RENEW = "RENEW_API_EXAMPLES"
LONGEST = 160
MOST_NAMES = 3
# Files that people can read.
TEXTS = ("/markdown", "/claims", "/proof")
SECRETS = {"password", "passphrase", "access", "refresh", "token"}


def example(call: Call, status: int, answer: Any) -> dict[str, Any]:
    """What one call sent and got."""
    told: dict[str, Any] = {"status": str(status)}
    if call.body is not None or call.file is not None:
        told["kind"] = call.kind if call.file is None else "multipart/form-data"
        form = {call.file[0]: call.file[1]} if call.file else {}
        told["request"] = shortened({**(call.body or {}), **form})
    if isinstance(answer, bytes):
        answer = answer.decode() if call.path.endswith(TEXTS) else None
    if answer:
        told["answer"] = shortened(answer)
    return told


def shortened(value: Any, name: str = "") -> Any:
    """One row of each list, the beginning of each text; secrets are made up."""
    if name in SECRETS:
        return "…"
    if isinstance(value, list):
        return [shortened(row) for row in value[:1]]
    if isinstance(value, Mapping):
        names = list(value)
        if name in {"metrics", "reasons"}:
            names = names[:MOST_NAMES]
        return {each: shortened(value[each], each) for each in names}
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST] + "…"
    return value


def write(examples: Mapping[str, Any]) -> None:
    text = json.dumps(dict(sorted(examples.items())), indent=1, ensure_ascii=False)
    EXAMPLES.write_text(text + "\n")


if __name__ == "__main__":
    os.environ[RENEW] = "1"
    walk = "tests/api_in_use/test_walk.py"
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", walk])  # noqa: S606
