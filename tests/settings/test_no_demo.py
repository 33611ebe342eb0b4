"""`serve --no-demo` is DEMO=0 for every part."""

from __future__ import annotations

import os
import sys

import pytest
from django.core.management import call_command


class Replaced(Exception):
    """This process has become another."""


def test_it_starts_once_more_as_if_the_setting_said_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = list[str]()

    def become(program: str, words: list[str]) -> None:
        begun.extend(words)
        raise Replaced

    monkeypatch.setattr(os, "execv", become)
    monkeypatch.setattr(sys, "argv", ["manage.py", "serve", "--no-demo"])
    monkeypatch.setenv("DEMO", "1")
    with pytest.raises(Replaced):
        call_command("serve", "--no-demo")
    assert begun == [sys.executable, "manage.py", "serve"]
    assert os.environ["DEMO"] == "0"
