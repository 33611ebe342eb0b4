"""Forms of readiness pages: text to dataclass, nothing more."""

from __future__ import annotations

from typing import Any

from django import forms

from readiness.domain.reviews import Environment
from readiness.models import Evidence, TemplateVersion
from readiness.queries.reviews import open_versions
from readiness.services.evidence.filing import NewEvidence
from readiness.services.reviews import NewReview

NAMES = {"class": "input"}


class OpenReviewForm(forms.Form):
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


class EvidenceForm(forms.Form):
    """A text, a link or a file: exactly one of them."""

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
            return NewEvidence(Evidence.Kind.FILE, summary, upload.read(), upload.name)
        if data.get("link"):
            return NewEvidence(Evidence.Kind.LINK, summary, data["link"].encode())
        return NewEvidence(Evidence.Kind.OUTPUT, summary, data["text"].encode())
