"""What the API takes: bodies of requests.

Facts are read by trades.domain.reading, as rows of files are, with every fault named;
their serializers here describe the same fields for /openapi.json. A book is read by
its serializer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kernel.errors import BadRequest, FieldError, Invalid, summary
from kernel.inputs import (
    EXACT,
    TrueOrFalseField,
    Verbatim,
    WholeField,
    no_texts,
    read_values,
)
from kernel.texts import plain
from trades.domain.importing import FORMATS
from trades.domain.reading import SCOPES, TRANSFER_KINDS, NotAFact
from trades.services.books import NewBook
from trades.services.previewing import Consent

MOST_ROWS = 1000
MOST_FAULTS = 100
Fact = TypeVar("Fact")
Shape = type[serializers.Serializer[Any]]


@extend_schema_field(EXACT)
class ExactText(serializers.Field):  # type: ignore[type-arg]
    """A decimal as text in plain notation, at most 20 + 18 digits."""


# What a fact can do without: null and "" say as much as nothing, as empty cells do.
OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True, "allow_blank": True}


class NewTradeInput(serializers.Serializer[Any]):
    book = serializers.CharField(**OPTIONAL, help_text="id or name; your only one")
    external_id = serializers.CharField()
    symbol = serializers.CharField(help_text="BASE-QUOTE, or quoted in the book's base")
    side = serializers.ChoiceField(choices=("buy", "sell"))
    quantity = ExactText()
    price = ExactText()
    fee = ExactText(required=False, allow_null=True)
    fee_currency = serializers.CharField(**OPTIONAL, help_text="default: the quote")
    executed_at = serializers.DateTimeField(help_text="with an offset")
    order_id = serializers.CharField(**OPTIONAL)
    order_type = serializers.CharField(**OPTIONAL)
    liquidity = serializers.ChoiceField(choices=("maker", "taker"), **OPTIONAL)
    strategy = serializers.CharField(**OPTIONAL)
    decision_id = serializers.CharField(**OPTIONAL)
    note = serializers.CharField(**OPTIONAL)


class NewTradesInput(serializers.Serializer[Any]):
    trades = NewTradeInput(many=True, help_text="1 to 1,000")


class NewTransferInput(serializers.Serializer[Any]):
    book = serializers.CharField(**OPTIONAL)
    external_id = serializers.CharField()
    kind = serializers.ChoiceField(choices=TRANSFER_KINDS)
    asset = serializers.CharField()
    amount = ExactText(help_text="signed")
    cost = ExactText(required=False, allow_null=True)
    at = serializers.DateTimeField()
    symbol = serializers.CharField(**OPTIONAL)
    to_book = serializers.CharField(**OPTIONAL, help_text="your other book")
    strategy = serializers.CharField(**OPTIONAL)
    note = serializers.CharField(**OPTIONAL)


class VoidInput(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="why, for whoever reads its history")


class CorrectTradeInput(VoidInput):
    """What is not given stays as it is."""

    symbol = serializers.CharField(required=False)
    side = serializers.ChoiceField(choices=("buy", "sell"), required=False)
    quantity = ExactText(required=False)
    price = ExactText(required=False)
    fee = ExactText(required=False, allow_null=True)
    fee_currency = serializers.CharField(**OPTIONAL)
    executed_at = serializers.DateTimeField(required=False, help_text="with an offset")
    order_id = serializers.CharField(**OPTIONAL)
    order_type = serializers.CharField(**OPTIONAL)
    liquidity = serializers.ChoiceField(choices=("maker", "taker"), **OPTIONAL)
    strategy = serializers.CharField(**OPTIONAL)
    decision_id = serializers.CharField(**OPTIONAL)
    note = serializers.CharField(**OPTIONAL)


class CorrectTransferInput(VoidInput):
    """What is not given stays as it is."""

    kind = serializers.ChoiceField(choices=TRANSFER_KINDS, required=False)
    asset = serializers.CharField(required=False)
    amount = ExactText(required=False, help_text="signed")
    cost = ExactText(required=False, allow_null=True)
    at = serializers.DateTimeField(required=False)
    symbol = serializers.CharField(**OPTIONAL)
    strategy = serializers.CharField(**OPTIONAL)
    note = serializers.CharField(**OPTIONAL)


class NewPriceInput(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    at = serializers.DateTimeField()
    price = ExactText()
    source = serializers.CharField(**OPTIONAL)  # type: ignore[assignment]
    currency = serializers.CharField(
        **OPTIONAL, help_text="a plain symbol's; the desk's must say it"
    )
    scope = serializers.ChoiceField(choices=SCOPES, **OPTIONAL, help_text="own")


class NewPricesInput(serializers.Serializer[Any]):
    prices = NewPriceInput(many=True, help_text="1 to 1,000")


class ReasonInput(serializers.Serializer[Any]):
    reason = serializers.CharField()


class CorrectPriceInput(ReasonInput):
    symbol = serializers.CharField(required=False)
    at = serializers.DateTimeField(required=False)
    price = ExactText(required=False)
    source = serializers.CharField(**OPTIONAL)  # type: ignore[assignment]
    currency = serializers.CharField(**OPTIONAL)


class NewSplitInput(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    at = serializers.DateTimeField()
    numerator = serializers.IntegerField(help_text="new units")
    denominator = serializers.IntegerField(help_text="for so many old ones")
    scope = serializers.ChoiceField(choices=SCOPES, **OPTIONAL, help_text="own")


class CorrectSplitInput(ReasonInput):
    symbol = serializers.CharField(required=False)
    at = serializers.DateTimeField(required=False)
    numerator = serializers.IntegerField(required=False)
    denominator = serializers.IntegerField(required=False)


class NewBalanceInput(serializers.Serializer[Any]):
    book = serializers.CharField(**OPTIONAL)
    asset = serializers.CharField()
    amount = ExactText()
    at = serializers.DateTimeField()


class CorrectBalanceInput(ReasonInput):
    asset = serializers.CharField(required=False)
    amount = ExactText(required=False)
    at = serializers.DateTimeField(required=False)


class NewBookInput(serializers.Serializer[Any]):
    name = serializers.CharField()
    base_currency = Verbatim()
    zone = serializers.CharField(required=False)
    periods_per_year = WholeField(required=False, help_text="252 or 365")
    allow_short = TrueOrFalseField(required=False)
    method = serializers.CharField(required=False, help_text="fifo")


class ImportInput(serializers.Serializer[Any]):
    file = serializers.FileField()
    book = serializers.CharField(help_text="id or name; a new name makes a book")
    base = serializers.CharField(required=False)
    zone = serializers.CharField(required=False)
    format = serializers.ChoiceField(choices=tuple(FORMATS), required=False)
    encoding = serializers.CharField(required=False, help_text="cp1252; else UTF-8")
    decimal = serializers.ChoiceField(choices=("point", "comma"), required=False)
    mapping = serializers.CharField(
        required=False, help_text="JSON: column of the file -> our name"
    )
    skip_broken = serializers.ChoiceField(choices=("true", "false"), required=False)
    accept_differences = serializers.ChoiceField(
        choices=("true", "false"), required=False
    )
    dry_run = serializers.ChoiceField(choices=("true", "false"), required=False)


class ConsentInput(serializers.Serializer[Any]):
    skip_broken = serializers.BooleanField(required=False)
    accept_differences = serializers.BooleanField(required=False)


@dataclass(frozen=True)
class Rows:
    """The rows of a body; a body that is one row itself has no `noun`. `shape` says
    which fields of JSON are texts; rows of a form hold nothing else."""

    rows: Sequence[Any]
    noun: str = ""
    shape: Shape | None = None

    def pointer(self, index: int) -> str:
        return f"/{self.noun}/{index}" if self.noun else ""

    def read(self, read: Callable[[Mapping[str, Any]], Fact]) -> list[Fact]:
        """Every row as a fact; all faults of all rows in one Invalid, with pointers.

        Raises BadRequest for a row that is no object.
        """
        facts: list[Fact] = []
        errors: list[FieldError] = []
        fields = self.shape().fields if self.shape else {}
        for index, row in enumerate(self.rows):
            where = self.pointer(index)
            if not isinstance(row, dict):
                raise BadRequest(
                    "Each must be a JSON object.",
                    code="malformed",
                    errors=[FieldError(where or "/", "object", "is no object")],
                )
            try:
                if faults := list(no_texts(row, fields)):
                    raise NotAFact(faults)
                facts.append(read(row))
            except NotAFact as error:
                errors.extend(
                    FieldError(f"{where}{fault.pointer}", fault.code, fault.detail)
                    for fault in error.errors
                )
        if errors:
            raise Invalid(summary(errors), code="invalid", errors=errors[:MOST_FAULTS])
        return facts


def one_row(body: Any, shape: Shape | None = None) -> Rows:
    """The body as the only row."""
    return Rows([body], shape=shape)


def one_or_many(body: Any, noun: str, shape: Shape) -> Rows:
    """The rows of {noun: [...]}, or the body as the only one. Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.", code="malformed")
    if noun not in body:
        return one_row(body, shape)
    rows = body[noun]
    few = isinstance(rows, list) and 1 <= len(rows) <= MOST_ROWS
    if set(body) != {noun} or not few:
        raise BadRequest(
            f"{noun} must be a list of 1 to {MOST_ROWS:,} and stand alone.",
            code="malformed",
            errors=[FieldError(f"/{noun}", "list", f"1 to {MOST_ROWS}")],
        )
    return Rows(rows, noun, shape)


def amended_fields(body: Any, fields: type[VoidInput]) -> tuple[str, dict[str, Any]]:
    """(reason, the other fields) of a void or correction; unknown fields are
    refused. Raises BadRequest and Invalid."""
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.", code="malformed")
    reason = body.get("reason", "")
    wrong = sorted(set(body) - set(fields().fields), key=str)
    errors = [
        FieldError(f"/{name}", "unknown", "cannot be corrected") for name in wrong
    ]
    if not isinstance(reason, str):
        errors.append(FieldError("/reason", "invalid", "must be a text"))
    rest = {name: value for name, value in body.items() if name != "reason"}
    errors += no_texts(rest, fields().fields)
    if errors:
        raise Invalid(summary(errors), code="invalid", errors=errors[:MOST_FAULTS])
    return plain(reason, "reason"), rest


def consent_of(body: Any) -> Consent:
    """What a body agrees to: true or false by name, nothing is false. Raises Invalid."""
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.", code="malformed")
    errors = [
        FieldError(f"/{name}", "unknown", "is not a field of this")
        for name in sorted(set(body) - set(ConsentInput().fields))
    ]
    errors += [
        FieldError(f"/{name}", "choice", "is true or false")
        for name, value in body.items()
        if not isinstance(value, bool)
    ]
    if errors:
        raise Invalid(summary(errors), code="invalid", errors=errors)
    return Consent(**body)


def new_book(body: Any) -> NewBook:
    """The book that a body describes; unknown fields are refused."""
    values = read_values(body, NewBookInput)
    values["base_currency"] = values["base_currency"].upper()
    return NewBook(**values)
