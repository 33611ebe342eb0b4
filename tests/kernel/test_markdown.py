"""What people typed or imported is shown, and never acts."""

from __future__ import annotations

import re

import pytest

from kernel import markdown

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "<a href='javascript:alert(1)'>x</a>",
    "<javascript:alert(1)>",
    '[x](https://a.test "onclick=alert(1)")',
    "![x](https://a.test/pixel.png)",
    "<iframe src=https://a.test></iframe>",
    "<svg/onload=alert(1)>",
]
TAG = re.compile(r"<\s*/?\s*([a-zA-Z0-9]+)([^>]*)>")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("render", [markdown.inline, markdown.block])
def test_nothing_acts(text: str, render: object) -> None:
    assert callable(render)
    html = str(render(text))
    for name, attributes in TAG.findall(html):
        assert name in markdown.BLOCK
        href = re.search(r'href="([^"]*)"', attributes)
        rest = re.sub(r'(href|rel|title)="[^"]*"', "", attributes).strip()
        assert rest == ""
        assert href is None or href[1].startswith(("https://", "http://", "mailto:"))


def test_what_was_meant_is_shown() -> None:
    assert "<strong>CORS</strong>" in markdown.inline("**CORS** `*`")
    assert "<code>*</code>" in markdown.inline("**CORS** `*`")
    assert 'href="https://a.test"' in markdown.inline("[a](https://a.test)")
    assert "<li>one</li>" in markdown.block("- one\n- two")


def test_words_alone() -> None:
    assert markdown.plain("**CORS** is `set` [here](https://a.test)") == (
        "CORS is set here"
    )


def test_an_endless_text_is_shown_as_written() -> None:
    text = "**<b>" * markdown.LONGEST
    assert str(markdown.inline(text)).startswith("**&lt;b&gt;**")
    assert str(markdown.block(text)).startswith("**&lt;b&gt;**")
    assert markdown.plain(text) == text
