"""Does the `serve` that started us live? Its parts go on without it, and nobody starts
again what ends."""

from __future__ import annotations

import os
from pathlib import Path

STARTED_BY = "RRR_STARTED_BY"
GONE = "serve is gone: whatever ends now is not started again"


def mark(pid: int) -> str:
    """What a process says of itself to all that it starts: numbers are used again, with
    the moment of the start hardly."""
    return f"{pid}:{_started(pid)}"


def serve_is_gone() -> bool:
    """False also for whoever was started by something else, which looks after it."""
    pid, _, started = os.environ.get(STARTED_BY, "").partition(":")
    return bool(started) and _started(int(pid)) != started


def _started(pid: int) -> str:
    """When it began, by the kernel's count; "" for none, and for one that ended and was
    not buried."""
    try:
        about = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *more = about.rpartition(")")[2].split()
    return "" if state in "ZX" else more[18]
