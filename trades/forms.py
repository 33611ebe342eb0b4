"""What people type on the trades pages."""

from __future__ import annotations

from dataclasses import replace

from django import forms
from django.core.files.uploadedfile import UploadedFile

from kernel.forms import StrictForm, TrueOrFalse
from trades.services.previewing import Source


class ImportForm(StrictForm):
    """A file and where its rows shall go."""

    file = forms.FileField(
        label="File", help_text="Our CSV, a Coinbase statement or a freqtrade export"
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

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "input"
            if name == "book":
                field.widget.attrs["list"] = "own-books"

    def source(self) -> Source:
        """The validated form as what the import service takes."""
        file = self.cleaned_data["file"]
        assert isinstance(file, UploadedFile)
        return Source(
            content=file.read(),
            file_name=file.name or "upload",
            book=self.cleaned_data["book"].strip(),
            base=self.cleaned_data["base"].strip(),
            zone=self.cleaned_data["zone"].strip(),
        )


class ImportRequest(ImportForm):
    """The form of POST /api/trades/import."""

    dry_run = TrueOrFalse()
    format = forms.CharField(max_length=20, required=False)

    def source(self) -> Source:
        return replace(super().source(), file_format=self.cleaned_data["format"])
