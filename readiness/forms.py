"""Forms of readiness pages: text to dataclass, nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from django import forms

from accounts.models import User
from kernel.forms import PlainForm, StrictForm
from readiness.domain.exemptions import LONGEST_TEXT, LONGEST_WAIVER, NewWaiver
from readiness.domain.parsing.source import MAX_BYTES
from readiness.domain.reviews import Environment
from readiness.models import Evidence, ReviewItem, TemplateVersion
from readiness.queries.reviews import open_versions
from readiness.queries.templates import templates
from readiness.services.evidence.filing import NewEvidence
from readiness.services.exemptions import ask_not_applicable, ask_waiver
from readiness.services.importing import Importing
from readiness.services.reviews import NewReview

NAMES = {"class": "input"}


class ChecklistForm(StrictForm):
    """A document, and what it is to become: asked, never guessed from its title."""

    NEW = "new"
    file = forms.FileField(
        label="Markdown file",
        help_text="UTF-8, at most 1 MB, 20,000 lines, 5,000 items, 32 levels deep",
        error_messages={"required": "Choose a Markdown file first."},
        widget=forms.ClearableFileInput(
            {"accept": ".md,.markdown,.txt,text/markdown,text/plain"}
        ),
    )
    becomes = forms.ChoiceField(
        label="It is",
        error_messages={"required": "Say whether it is new, or a version of which."},
    )
    name = forms.CharField(
        required=False,
        max_length=200,
        label="Name of a new template",
        help_text="Left empty, the document's title",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(row.slug, f"a version of “{row.title}”") for row in templates()[:500]]
        asked = [("", "choose…")] if known else []
        field = self.fields["becomes"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*asked, (self.NEW, "a new template"), *known]
        for each in self.fields.values():
            each.widget.attrs.update(NAMES)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("name", "").strip() and data.get("becomes") not in (self.NEW, None):
            self.add_error("name", "A version has its template's name: leave it empty.")
        return data

    def document(self) -> bytes:
        """Its bytes, one more than allowed at most."""
        return bytes(self.cleaned_data["file"].read(MAX_BYTES + 1))

    def how(self) -> Importing:
        becomes = self.cleaned_data["becomes"]
        if becomes == self.NEW:
            return Importing(self.cleaned_data["name"])
        return Importing(version_of=becomes)


class OpenReviewForm(PlainForm):
    """The box for imported ticks is off: taking them over is said aloud."""

    template = forms.ModelChoiceField(
        TemplateVersion.objects.none(), empty_label=None, label="Template"
    )
    release = forms.CharField(max_length=80, help_text="such as 1.0.0")
    commit = forms.CharField(max_length=40, help_text="40 hexadecimal digits")
    environment = forms.ChoiceField(
        choices=[(place.value, place.value) for place in Environment]
    )
    imported_ticks = forms.BooleanField(
        required=False,
        label="Take over the ticks of the document, as claims by “import”",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = [version.pk for version in open_versions()]
        field = self.fields["template"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = TemplateVersion.objects.filter(pk__in=versions).select_related(
            "template"
        )
        for name, field_ in self.fields.items():
            if name != "imported_ticks":
                field_.widget.attrs.update(NAMES)

    def review(self) -> NewReview:
        data = self.cleaned_data
        return NewReview(
            version=data["template"],
            release=data["release"].strip(),
            commit=data["commit"].strip().lower(),
            environment=data["environment"],
            imported_ticks=data["imported_ticks"],
        )


class EvidenceForm(PlainForm):
    """A text, a link or a file: exactly one of them."""

    verbatim = frozenset({"text"})

    summary = forms.CharField(max_length=500, label="What it shows")
    text = forms.CharField(
        required=False, max_length=20_000, widget=forms.Textarea({"rows": 3})
    )
    link = forms.URLField(required=False, assume_scheme="https")
    file = forms.FileField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.update(NAMES)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        given = [name for name in ("text", "link", "file") if data.get(name)]
        if len(given) != 1:
            raise forms.ValidationError("Give exactly one: a text, a link or a file.")
        return data

    def evidence(self) -> NewEvidence:
        data = self.cleaned_data
        summary = data["summary"].strip()
        if data.get("file"):
            upload = data["file"]
            stated = (upload.content_type or "").lower()
            return NewEvidence(
                Evidence.Kind.FILE, summary, upload.read(), upload.name, stated
            )
        if data.get("link"):
            return NewEvidence(Evidence.Kind.LINK, summary, data["link"].encode())
        return NewEvidence(Evidence.Kind.OUTPUT, summary, data["text"].encode())


def _sentence(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=LONGEST_TEXT,
        help_text=help_text,
        widget=forms.Textarea({"rows": 2}),
    )


class ExemptionForm(StrictForm):
    """What is asked for a line, or for it and what stands under it."""

    title = ""
    next_step = ""
    action = ""  # the name of its address

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = f"{self.action}-%s"
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name != "with_children":
                field.widget.attrs.update(NAMES)

    def ask(self, lines: Sequence[ReviewItem], by: User, now: datetime) -> None:
        raise NotImplementedError


class WaiverForm(ExemptionForm):
    """Going on with a known risk for a while."""

    title = "Ask for a waiver"
    next_step = "It counts once an Administrator approves."
    action = "ask-waiver"

    reason = _sentence("Why it can wait", "Signed with the line.")
    risk = _sentence("What may happen meanwhile", "")
    ends = forms.DateField(
        label="Until the end of",
        help_text="In UTC, at most 30 days ahead",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    with_children = forms.BooleanField(required=False, label="With what is under it")

    def ask(self, lines: Sequence[ReviewItem], by: User, now: datetime) -> None:
        typed = self.cleaned_data
        midnight = datetime.combine(typed["ends"], time.max, UTC)
        # The last day that may be chosen ends a little after the thirty days.
        ends = now + LONGEST_WAIVER
        if midnight.date() != ends.date():
            ends = midnight
        ask_waiver(lines, NewWaiver(typed["reason"], typed["risk"], ends), by)


class NotApplicableForm(ExemptionForm):
    """The line has nothing to say here."""

    title = "Say that it is not applicable"
    next_step = "It counts once another reviewer agrees."
    action = "ask-not-applicable"

    reason = _sentence("Why it has nothing to say here", "Signed with the line.")
    with_children = forms.BooleanField(required=False, label="With what is under it")

    def ask(self, lines: Sequence[ReviewItem], by: User, now: datetime) -> None:
        ask_not_applicable(lines, self.cleaned_data["reason"], by)


def exemption_forms(sent: ExemptionForm | None = None) -> list[ExemptionForm]:
    """Both, empty but for the one that was sent and not taken."""
    return [
        sent if isinstance(sent, form) else form()
        for form in (WaiverForm, NotApplicableForm)
    ]
