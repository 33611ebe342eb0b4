"""What people type on the trades pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils import timezone

from kernel.forms import StrictForm, TrueOrFalse
from trades.domain.formats.dialect import ENCODINGS
from trades.domain.importing import FORMATS
from trades.domain.market_reading import read_reason, read_split
from trades.domain.reading import (
    FILL_FIELDS,
    TRANSFER_KINDS,
    NotAFact,
    read_fill,
    read_price,
    read_transfer,
)
from trades.models import Book
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


class ColumnsForm(StrictForm):
    """What each column of a file is read as: a table of theirs, ours and samples."""

    def __init__(
        self, columns: Sequence[ReportColumn], data: QueryDict | None = None
    ) -> None:
        super().__init__(data)
        self.columns = columns
        for index, column in enumerate(columns):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                choices=[("", "not read"), *((name, name) for name in FILL_FIELDS)],
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
    """What somebody agrees to before a file is booked."""

    skip_broken = TrueOrFalse()
    accept_differences = TrueOrFalse()

    def consent(self) -> Consent:
        return Consent(**self.cleaned_data)


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


UTC_ZONE = ZoneInfo("UTC")
SCOPES = [("own", "My books"), ("desk", "Every book")]


class FactForm(forms.Form):
    """A fact typed by hand, read as a body of the API is: one rule for both. After
    is_valid() it is in `fact`."""

    fact: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.HiddenInput):
                field.widget.attrs.setdefault("class", "input")

    def read(self, row: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        given = {name: self.cleaned_data.get(name, "") for name in self.fields}
        if not self.errors:
            try:
                self.fact = self.read(given)
            except NotAFact as error:
                for fault in error.errors:
                    name = fault.pointer.strip("/")
                    known = name if name in self.fields else None
                    self.add_error(known, fault.detail)
        return self.cleaned_data


def _time(label: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"type": "datetime-local", "step": "1"})
    return forms.CharField(label=label, widget=widget, help_text="In UTC")


def _number(
    label: str, *, required: bool = True, help_text: str = ""
) -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(
        label=label, widget=widget, required=required, help_text=help_text
    )


def _symbol() -> forms.CharField:
    return forms.CharField(label="Symbol", max_length=50, help_text="Such as BTC-USD")


class TradeForm(FactForm):
    """A trade that no file and no program brought."""

    book = forms.ChoiceField(label="Book")
    symbol = _symbol()
    side = forms.ChoiceField(label="Side", choices=[("buy", "Buy"), ("sell", "Sell")])
    quantity = _number("Quantity")
    price = _number("Price", help_text="Of one unit; 0 for a gift")
    executed_at = _time("Executed at")
    fee = _number("Fee", required=False)
    fee_currency = forms.CharField(
        label="Fee currency",
        max_length=40,
        required=False,
        help_text="Left empty, the currency of the price",
    )
    strategy = forms.CharField(label="Strategy", max_length=100, required=False)
    note = forms.CharField(
        label="Note", required=False, widget=forms.Textarea(attrs={"rows": "2"})
    )
    external_id = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, books: Sequence[Book], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(book.reference, book.name) for book in books]
        self.fields["book"] = forms.ChoiceField(label="Book", choices=choices)
        self.fields["book"].widget.attrs["class"] = "input"
        # Sent twice, the form books once.
        self.fields["external_id"].initial = f"hand-{uuid4().hex}"

    def read(self, row: Mapping[str, Any]) -> Any:
        return read_fill(row, now=timezone.now(), zone=UTC_ZONE)


class TransferForm(FactForm):
    """Cash or coins that came, went or were earned without a trade."""

    book = forms.ChoiceField(label="Book")
    kind = forms.ChoiceField(
        label="Kind", choices=[(kind, kind.capitalize()) for kind in TRANSFER_KINDS]
    )
    asset = forms.CharField(
        label="Asset", max_length=40, help_text="Such as USD or BTC"
    )
    amount = _number("Amount", help_text="Negative when it goes out")
    at = _time("At")
    to_book = forms.ChoiceField(
        label="To another of your books",
        required=False,
        help_text="Of a transfer that goes out: its lots bring their cost along",
    )
    cost = _number(
        "Cost",
        required=False,
        help_text="What coins that come in have cost, if you know it",
    )
    symbol = forms.CharField(
        label="Symbol",
        max_length=50,
        required=False,
        help_text="What it moves or belongs to; left empty, what the book trades",
    )
    strategy = forms.CharField(label="Strategy", max_length=100, required=False)
    note = forms.CharField(
        label="Note", required=False, widget=forms.Textarea(attrs={"rows": "2"})
    )
    external_id = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, books: Sequence[Book], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(book.reference, book.name) for book in books]
        for name, shown in (("book", choices), ("to_book", [("", "None"), *choices])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = shown
        # Sent twice, the form books once.
        self.fields["external_id"].initial = f"hand-{uuid4().hex}"

    def read(self, row: Mapping[str, Any]) -> Any:
        return read_transfer(row, now=timezone.now(), zone=UTC_ZONE)


class _MarketForm(FactForm):
    """What prices and splits share: for whom they count."""

    scope = forms.ChoiceField(label="Counts for", choices=SCOPES)

    def __init__(self, scopes: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [choice for choice in SCOPES if choice[0] in scopes]
        self.fields["scope"] = forms.ChoiceField(label="Counts for", choices=choices)
        self.fields["scope"].widget.attrs["class"] = "input"


class PriceForm(_MarketForm):
    """What something was worth at a time."""

    symbol = _symbol()
    at = _time("Quoted at")
    price = _number("Price", help_text="As it was quoted; no split changes it")
    currency = forms.CharField(
        label="Currency",
        max_length=40,
        required=False,
        help_text="A symbol like BTC-USD says it; a plain one needs it for every book",
    )
    source = forms.CharField(label="Source", max_length=40, initial="by hand")

    def read(self, row: Mapping[str, Any]) -> Any:
        return read_price(row, now=timezone.now(), zone=UTC_ZONE)


class SplitForm(_MarketForm):
    """More or fewer units of the same."""

    symbol = _symbol()
    at = _time("From")
    numerator = _number("New units")
    denominator = _number("For old units")

    def read(self, row: Mapping[str, Any]) -> Any:
        return read_split(row, now=timezone.now(), zone=UTC_ZONE)


class ReasonForm(FactForm):
    """Why something is voided."""

    reason = forms.CharField(label="Reason", max_length=1000)

    def read(self, row: Mapping[str, Any]) -> str:
        return read_reason(row)


class MendForm(FactForm):
    """A correction: why, and what shall stand instead. `fact` is the reason and the
    fields that were changed."""

    reason = forms.CharField(label="Reason", max_length=1000)

    def __init__(
        self, stands: Mapping[str, tuple[str, str]], *args: Any, **kwargs: Any
    ) -> None:
        """`stands`: label and present value by name."""
        super().__init__(*args, **kwargs)
        self._stands = {name: value for name, (_, value) in stands.items()}
        for name, (label, value) in stands.items():
            field = forms.CharField(label=label, initial=value, required=False)
            field.widget.attrs["class"] = "input"
            self.fields[name] = field

    def read(self, row: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        reason = read_reason({"reason": row["reason"]})
        changed = {
            name: row[name] for name in self._stands if row[name] != self._stands[name]
        }
        return reason, changed
