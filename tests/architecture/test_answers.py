"""An answer is declared once: in its app's `answers`, under a name of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import get_resolver

from kernel.schema import Answer, component


def answers(base: type[Answer] = Answer) -> Iterator[type[Answer]]:
    for answer in base.__subclasses__():
        yield answer
        yield from answers(answer)


def ours() -> list[type[Answer]]:
    assert get_resolver().url_patterns, "the views, and with them all answers"
    return [answer for answer in answers() if not answer.__module__.startswith("tests")]


def test_answers_live_in_their_room() -> None:
    strays = [
        f"{answer.__module__}.{answer.__name__}"
        for answer in ours()
        if answer.__module__.split(".")[1] != "answers"
    ]
    assert strays == []
    assert {"audit", "accounts"} <= {
        answer.__module__.split(".")[0] for answer in ours()
    }


def test_no_two_answers_share_a_component() -> None:
    names = Counter(answer.__name__ for answer in ours())
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("answer", ours(), ids=lambda answer: answer.__name__)
def test_an_answer_can_be_described(answer: type[Answer]) -> None:
    def refer(other: type[Any]) -> dict[str, Any]:
        return {"$ref": other.__name__}

    schema = component(answer, refer=refer)
    assert schema["required"] == list(schema["properties"])
