"""What the product tells people while the suite runs, read for words of machines: mails,
messages of pages, refusals of the API, errors of forms, and what commands say."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.messages.storage.base import BaseStorage
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, OutputWrapper
from django.forms.forms import BaseForm

from kernel import problems
from operations.services import outbox
from tests.words import for_machines

# What somebody typed, or is to type, as it is; the field that a refusal is about; and the
# names that the suite gives to databases and their roles.
QUOTED = re.compile(
    r"`[^`]*`|“[^”]*”|'[^']*'|\"[^\"]*\"|^\w+: |\btest_\w+|\brrr_\w+",
    re.MULTILINE,
)


def _tell(heard: list[str], text: object) -> None:
    heard.append(str(text))


def listen(patch: pytest.MonkeyPatch) -> list[str]:
    """What is told from now on."""
    heard: list[str] = []
    notice, problem = outbox.notice, problems.problem
    add, add_error = BaseStorage.add, BaseForm.add_error
    begin = CommandError.__init__
    write = OutputWrapper.write

    def told_by_mail(announcement: Any, *args: Any, **kwargs: Any) -> Any:
        heard.extend((announcement.subject, announcement.body))
        return notice(announcement, *args, **kwargs)

    def told_by_problem(error: Any, **kwargs: Any) -> Any:
        heard.append(error.title)
        if not error.errors:
            heard.append(error.detail)
        return problem(error, **kwargs)

    def told_on_page(self: Any, level: int, message: Any, *args: Any) -> None:
        _tell(heard, message)
        add(self, level, message, *args)

    def told_at_field(self: Any, field: Any, error: Any) -> None:
        if not isinstance(error, ValidationError):
            error = ValidationError(error)
        heard.extend(error.messages)
        add_error(self, field, error)

    def told_on_terminal(self: Any, *args: Any, **kwargs: Any) -> None:
        heard.extend(map(str, args))
        begin(self, *args, **kwargs)

    def told_by_command(self: Any, msg: str = "", *args: Any, **kwargs: Any) -> None:
        """Django's own commands speak as Django does; JSON is for programs."""
        if not sys._getframe(1).f_globals["__name__"].startswith("django."):
            _tell(heard, "" if msg.lstrip().startswith(("{", "[")) else msg)
        write(self, msg, *args, **kwargs)

    patch.setattr(outbox, "notice", told_by_mail)
    patch.setattr(problems, "problem", told_by_problem)
    patch.setattr(BaseStorage, "add", told_on_page)
    patch.setattr(BaseForm, "add_error", told_at_field)
    patch.setattr(CommandError, "__init__", told_on_terminal)
    patch.setattr(OutputWrapper, "write", told_by_command)
    return heard


def faults(heard: list[str]) -> Iterator[str]:
    for text in dict.fromkeys(heard):
        for fault in for_machines(QUOTED.sub("“”", text)):
            yield f"{fault} in {text[:200]!r}"
