"""What people say about a file and its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from kernel.forms import StrictForm, TrueOrFalse
from trades.domain.formats.dialect import ENCODINGS
from trades.domain.importing import FORMATS
from trades.domain.reading import (
    FILL_FIELDS,
)
from trades.services.previewing import Consent, Source
from trades.services.reports import ReportColumn


class ImportForm(StrictForm):
    """A file and where its rows shall go."""

    file = forms.FileField(
        label="File", help_text=f"Any of {', '.join(FORMATS.values())}"
    )
    book = forms.CharField(
        label="Book", max_length=100, help_text="Yours; a new name makes a new book"
    )
    base = forms.CharField(
        label="Base currency",
        max_length=20,
        required=False,
        help_text="Of a new book; left empty, the file's quote currency",
    )
    zone = forms.CharField(
        label="Time zone",
        max_length=64,
        required=False,
        help_text="For times without an offset, such as Europe/Berlin",
    )

    format = forms.ChoiceField(
        choices=[("", "found out"), *FORMATS.items()],
        required=False,
        label="Format",
        help_text="What the file is; left alone, it is found out and said",
    )
    encoding = forms.ChoiceField(
        choices=[
            ("", "UTF-8, or what the file says"),
            *((name, name) for name in ENCODINGS),
        ],
        required=False,
        label="Encoding",
        help_text="Of files from old spreadsheets",
    )
    decimal = forms.ChoiceField(
        choices=[("", "point"), ("point", "point"), ("comma", "comma")],
        required=False,
        label="Decimal sign",
        help_text="A comma counts only when you say so: 1,5 could be two cells",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "input"
            if name == "book":
                field.widget.attrs["list"] = "own-books"

    def source(self, *, read: bool = True) -> Source:
        """The validated form as what the import service takes; unread, its content
        is empty."""
        file, given = self.upload, self.cleaned_data
        return Source(
            content=file.read() if read else b"",
            file_name=file.name or "upload",
            book=given["book"].strip(),
            base=given["base"].strip(),
            zone=given["zone"].strip(),
            file_format=given["format"],
            encoding=given["encoding"],
            decimal_comma=given["decimal"] == "comma",
            mapping=given.get("mapping") or {},
        )

    @property
    def upload(self) -> UploadedFile[Any]:
        file = self.cleaned_data["file"]
        assert isinstance(file, UploadedFile)
        return file


COLUMN_NAMES = [(name, name.replace("_", " ").capitalize()) for name in FILL_FIELDS]


class ColumnsForm(StrictForm):
    """What each column of a file is read as: a table of theirs, ours and samples."""

    def __init__(
        self, columns: Sequence[ReportColumn], data: QueryDict | None = None
    ) -> None:
        super().__init__(data)
        self.columns = columns
        for index, column in enumerate(columns):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                choices=[("", "not read"), *COLUMN_NAMES],
                required=False,
                initial=column.ours,
                label=column.theirs,
                widget=forms.Select(attrs={"class": "input"}),
            )

    def rows(self) -> list[tuple[ReportColumn, forms.BoundField]]:
        return list(zip(self.columns, self, strict=True))

    def clean(self) -> dict[str, Any] | None:
        given = Counter(value for value in self.cleaned_data.values() if value)
        for name in sorted(name for name, count in given.items() if count > 1):
            self.add_error(None, f"Two columns are read as {name}: choose one.")
        return super().clean()

    def mapping(self) -> dict[str, str]:
        """{their column: our name} of the columns that are read."""
        values = self.cleaned_data
        named = {
            column.theirs: values.get(f"column_{index}", "")
            for index, column in enumerate(self.columns)
        }
        return {theirs: ours for theirs, ours in named.items() if ours}


class ConsentForm(StrictForm):
    """What somebody agrees to before a file is booked: each of the differences that
    the page lists by its place, or all of them at once."""

    skip_broken = TrueOrFalse()
    accept_differences = TrueOrFalse()
    accept = forms.MultipleChoiceField(required=False)

    def __init__(self, differences: int, data: QueryDict) -> None:
        super().__init__(data)
        self.places = {str(place) for place in range(1, differences + 1)}
        self.fields["accept"].choices = [(place, place) for place in self.places]  # type: ignore[attr-defined]

    def consent(self) -> Consent:
        given = self.cleaned_data
        each = bool(self.places) and self.places == set(given["accept"])
        return Consent(
            skip_broken=given["skip_broken"],
            accept_differences=given["accept_differences"] or each,
        )


class UndoForm(StrictForm):
    """Why a booked file is undone."""

    reason = forms.CharField(
        max_length=500,
        label="Why it is undone",
        widget=forms.TextInput(attrs={"class": "input"}),
    )


class ImportRequest(ImportForm):
    """The form of POST /api/trades/import."""

    mapping = forms.JSONField(required=False)
    skip_broken = TrueOrFalse()
    accept_differences = TrueOrFalse()
    dry_run = TrueOrFalse()

    def clean_mapping(self) -> dict[str, str]:
        mapping = self.cleaned_data["mapping"] or {}
        texts = isinstance(mapping, dict) and all(
            isinstance(name, str) for name in mapping.values()
        )
        if not texts:
            raise forms.ValidationError(
                "is an object of texts: their column to our name", code="invalid"
            )
        return dict(mapping)

    def consent(self) -> Consent:
        return Consent(
            skip_broken=self.cleaned_data["skip_broken"],
            accept_differences=self.cleaned_data["accept_differences"],
        )
