"""Free text is kept composed, and nothing in it shows otherwise than it reads."""

from __future__ import annotations

import unicodedata
from typing import Any, cast

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict
from rest_framework import serializers

from kernel.errors import Invalid
from kernel.forms import PlainForm
from kernel.inputs import TrueOrFalseField, Verbatim, WholeField, read_values
from kernel.texts import composed, is_plain, plain

HOSTILE = {
    "a NUL": "a\0b",
    "an escape": "a\x1b[31mb",
    "a delete": "a\x7fb",
    "a C1 control": "a\x9bb",
    "a lone carriage return": "a\rb",
    "right to left": "a\u202efdp.exe",
    "an isolate": "a\u2066b",
    "a mark": "a\u200fb",
    "an Arabic letter mark": "a\u061cb",
    "a line separator": "a\u2028b",
    "half a letter": "a\ud800b",
    "a lost letter": "a\ufffdb",
}
PLAIN = ["", "plain", "two\nlines\tand a tab", "Ünïcode 漢字 🙂 שלום", "a\u200db"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_with_signs_that_nobody_sees_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        plain(text, "note")
    assert refused.value.errors[0].pointer == "/note"
    assert text not in refused.value.detail


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert plain(text, "note") == text


def test_what_was_typed_in_two_signs_is_kept_in_one() -> None:
    assert plain("Zu\u0308rich\r\nBern", "note") == "Z\u00fcrich\nBern"


def test_every_control_of_unicode_is_known() -> None:
    allowed = {"\t", "\n"}
    controls = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) == "Cc"]
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    turning = [
        chr(c) for c in range(0x3000) if unicodedata.bidirectional(chr(c)) in bidi
    ]
    assert len(controls) == 65
    assert len(turning) == 9
    for sign in {*controls, *turning} - allowed:
        assert not is_plain(composed(f"a{sign}b")), hex(ord(sign))


class Shape(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=4)
    secret = Verbatim(required=False, trim_whitespace=False)
    number = WholeField(required=False)
    done = TrueOrFalseField(required=False)
    params = serializers.DictField(child=serializers.CharField(), required=False)
    file = serializers.FileField(required=False)


def faults(data: Any) -> set[str]:
    """The pointers of what is refused."""
    try:
        read_values(data, Shape)
    except Invalid as refused:
        return {fault.pointer for fault in refused.errors}
    except serializers.ValidationError as refused:
        return {f"/{name}" for name in cast(dict[str, Any], refused.detail)}
    return set()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
class TestBodies:
    def test_a_text_is_refused_wherever_it_stands(self, text: str) -> None:
        assert faults({"name": text[:4]}) == {"/name"}
        assert faults({"name": "a", "params": {"key": text}}) == {"/params"}
        assert faults({"name": "a", "params": {text: "value"}}) == {"/params"}

    def test_the_name_of_a_file_is_one(self, text: str) -> None:
        if text.isprintable() or "\ud800" in text:
            return
        upload = SimpleUploadedFile("name", b"x")
        upload._name = text  # type: ignore[attr-defined]
        assert faults({"name": "a", "file": upload}) == {"/file"}


def test_a_secret_is_taken_as_it_is() -> None:
    values = read_values({"name": "a", "secret": " u\u0308\u202e "}, Shape)
    assert values["secret"] == " u\u0308\u202e "


def test_length_is_judged_of_what_is_kept() -> None:
    """Composed, U+0958 is two signs: PostgreSQL would refuse what was let through."""
    assert faults({"name": "\u0958" * 4}) == {"/name"}
    assert read_values({"name": "u\u0308" * 4}, Shape)["name"] == "\u00fc" * 4


@pytest.mark.parametrize(
    "data",
    [
        {"name": "a", "nam": "b"},
        {"name": "a", 7: "b"},
        MultiValueDict({"name": ["a"], "nam": ["b"]}),
    ],
)
def test_a_field_that_is_none_of_ours_is_refused(data: Any) -> None:
    assert faults(data) <= {"/nam", "/7"}


def test_a_repeated_field_is_refused() -> None:
    assert faults(MultiValueDict({"name": ["a", "b"]})) == {"/name"}


@pytest.mark.parametrize(
    "given",
    ["7.0", "\u0667", " 7", "1e1", "", "0x7", True, 7.0, None, [], "9" * 19, 10**18],
)
def test_a_number_that_is_not_whole_is_refused(given: Any) -> None:
    assert faults({"name": "a", "number": given}) == {"/number"}


@pytest.mark.parametrize("given", ["yes", "on", "1", 1, 0, "True", "t", None, [], ""])
def test_a_word_that_is_not_true_or_false_is_refused(given: Any) -> None:
    assert faults({"name": "a", "done": given}) == {"/done"}


@pytest.mark.parametrize("given", [7, "7", "0", 0])
def test_whole_numbers_are_taken(given: Any) -> None:
    assert read_values({"name": "a", "number": given}, Shape)["number"] == int(given)


class Typed(PlainForm):
    verbatim = frozenset({"document"})
    note = forms.CharField()
    document = forms.CharField(required=False)
    password = forms.CharField(widget=forms.PasswordInput, required=False)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_page_refuses_the_same(text: str) -> None:
    form = Typed({"note": text, "document": "a", "password": "a"})
    assert not form.is_valid()
    assert set(form.errors) == {"note"}


def test_a_page_keeps_documents_and_secrets_as_they_are() -> None:
    form = Typed({"note": "u\u0308", "document": "u\u0308\x1b", "password": "u\u0308"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["note"] == "\u00fc"
    assert form.cleaned_data["document"] == "u\u0308\x1b"
    assert form.cleaned_data["password"] == "u\u0308"
