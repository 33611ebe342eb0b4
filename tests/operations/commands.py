"""What our commands say."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command


def said(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def restore(*words: str) -> str:
    return said("restore", *words, "--yes")
