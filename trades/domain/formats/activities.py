"""Activities as portfolio trackers export them, as JSON or CSV: buys, sales, dividends,
interest and fees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from kernel.numbers import NotExact, rounded, text
from trades.domain.formats.dialect import Table
from trades.domain.formats.file_order import arrange
from trades.domain.formats.identity import name_rows
from trades.domain.formats.pairs import QUOTES
from trades.domain.formats.parsed import (
    BrokenRow,
    Declared,
    NotAFile,
    ParsedFile,
    SkippedRow,
    broken_row,
)
from trades.domain.formats.rounding import Rounder
from trades.domain.formats.times import FileTimes
from trades.domain.formats.unknown import unknown_rows
from trades.domain.reading import NotAFact, capitals, read_fill, read_transfer

COLUMNS = ("date", "symbol", "type", "quantity", "unitprice", "fee", "currency")
OPTIONAL = ("comment", "isdraft")
NUMBERS = ("quantity", "unitprice", "fee")
SIDES = {"buy": "buy", "sell": "sell"}
INCOME = {"dividend": "dividend", "interest": "interest"}
LONGEST_CLASS = 3
PENCE = ("GBp", "GBX", "ZAc", "ILA")


def are_activities(value: Any) -> bool:
    """Whether a document is such an export."""
    return isinstance(value, Mapping) and isinstance(value.get("activities"), list)


def read_document(
    document: Mapping[str, Any], declared: Declared, now: datetime
) -> ParsedFile:
    """What the export says; a broken activity is named by its place."""
    parsed = ParsedFile("activities")
    rows = []
    for place, activity in enumerate(document["activities"], start=1):
        if isinstance(activity, Mapping):
            row = {str(name).lower(): value for name, value in activity.items()}
            rows.append((0, f"activity {place}", row))
        else:
            parsed.broken.append(BrokenRow(0, f"activity {place}: is no object"))
    return _Activities(parsed, declared, now).read(rows)


def read_table(table: Table, declared: Declared, now: datetime) -> ParsedFile:
    """The same out of a table, broken rows named by line."""
    names = table.names_of({name: name for name in (*COLUMNS, *OPTIONAL)})
    parsed = ParsedFile("activities", dialect=table.dialect(names))
    rows: list[tuple[int, str, Mapping[str, Any]]] = []
    for line, row in table.rows(names, parsed.broken):
        try:
            rows.append((line, "", table.with_points(row, NUMBERS)))
        except NotExact as error:
            parsed.broken.append(BrokenRow(line, str(error)))
    return _Activities(parsed, declared, now).read(rows)


class _Activities:
    """Reads rows of either kind: (line, place in a document, {name: value})."""

    def __init__(self, parsed: ParsedFile, declared: Declared, now: datetime) -> None:
        self.parsed = parsed
        self.declared = declared
        self.now = now
        self.times = FileTimes(declared.zone)
        self.rounder = Rounder(parsed)
        self.base = declared.base_currency
        self.unknown: dict[str, list[int]] = defaultdict(list)
        self.classes: set[str] = set()

    def read(self, rows: Iterable[tuple[int, str, Mapping[str, Any]]]) -> ParsedFile:
        rows = list(rows)
        if not rows and not self.parsed.broken:
            raise NotAFile("the file holds no activities")
        currencies = {str(row.get("currency") or "").upper() for *_, row in rows}
        if not self.base and len(currencies) == 1:
            (self.base,) = currencies
        for place, (line, where, row) in enumerate(rows, start=1):
            try:
                with self.rounder.row():
                    self._activity(line, place, where, row)
            except NotAFact as error:
                self.parsed.broken.append(broken_row(line, error, where))
            except (ValueError, OverflowError, ArithmeticError) as error:
                reason = f"{where}: {error}" if where else str(error)
                self.parsed.broken.append(BrokenRow(line, reason))
        noun = "line" if self.parsed.dialect.separator else "activity"
        self.parsed.differences += [
            unknown_rows(kind, rows_of_kind, noun)
            for kind, rows_of_kind in self.unknown.items()
        ]
        self.parsed.notes += [
            f"{symbol} stands there with a dash: a class of shares, no pair"
            for symbol in sorted(self.classes)
        ]
        self.parsed.quote = self.base
        arrange(self.parsed, self.times)
        name_rows("activities", self.parsed, self.base)
        return self.parsed

    def _activity(
        self, line: int, place: int, where: str, row: Mapping[str, Any]
    ) -> None:
        kind = str(row.get("type") or "").strip().lower()
        given = str(row.get("currency") or "").strip()
        if not given:
            raise ValueError("currency: is missing")
        if given in PENCE:
            raise ValueError(
                f"currency: {given} is a hundredth of a currency; state amounts in "
                "the whole one"
            )
        if str(row.get("isdraft") or "").lower() == "true":
            named = f"{where}: " if where else ""
            self.parsed.skipped.append(SkippedRow(line, f"{named}a draft"))
            return
        common = {
            "note": row.get("comment"),
            "at": self.times.read(str(row.get("date") or ""), line),
            "currency": capitals(given),
        }
        if kind in SIDES:
            self._fill(line, place, row, common | {"side": SIDES[kind]})
        elif kind in INCOME:
            self._income(line, place, where, row, common | {"kind": INCOME[kind]})
        elif kind == "fee":
            self._cost(line, place, row, common)
        else:
            self.unknown[kind or "a row without a type"].append(line or place)

    def _symbol(self, row: Mapping[str, Any], currency: str) -> str:
        """As it is quoted: in its row's currency, which a plain symbol names where it
        is not the book's base currency. Raises ValueError where it names another."""
        symbol = capitals(str(row.get("symbol") or "").strip()).replace("/", "-")
        name, dash, quote = symbol.rpartition("-")
        if dash and quote == currency:
            return symbol
        if dash and (quote in QUOTES or len(quote) > LONGEST_CLASS):
            raise ValueError(
                f"symbol: {symbol[:40]} names {quote[:20]}, its row's currency is "
                f"{currency}"
            )
        if dash:
            # A class of shares: what one calls BRK-B another calls BRK.B.
            symbol = f"{name}.{quote}"
            self.classes.add(symbol)
        return symbol if currency == self.base else f"{symbol}-{currency}"

    def _fill(
        self, line: int, place: int, row: Mapping[str, Any], common: dict[str, Any]
    ) -> None:
        self.parsed.fills.append(
            read_fill(
                {
                    "symbol": self._symbol(row, common["currency"]),
                    "side": common["side"],
                    "quantity": self.rounder.short(row.get("quantity")),
                    "price": self.rounder.short(row.get("unitprice")),
                    "executed_at": common["at"],
                    "fee": self.rounder.short(row.get("fee") or 0),
                    "fee_currency": common["currency"],
                    "note": common["note"],
                },
                now=self.now,
                line=line,
                place=place,
                needs_id=False,
            )
        )

    def _income(
        self,
        line: int,
        place: int,
        where: str,
        row: Mapping[str, Any],
        common: dict[str, Any],
    ) -> None:
        """Quantity x unit price comes in; a fee beside it goes out. Of no units at no
        price only the fee is booked; no units at a price leave open what came in."""
        quantity = self.rounder.short(row.get("quantity"))
        price = self.rounder.short(row.get("unitprice"))
        amount = rounded(quantity * price)
        belongs = common["kind"] == "dividend"
        symbol = self._symbol(row, common["currency"]) if belongs else ""
        if price and not quantity:
            raise ValueError(
                f"quantity: is 0 beside a unit price of {text(price)}: income is "
                "quantity x unit price"
            )
        if quantity:
            self._transfer(line, place, common | {"amount": amount, "symbol": symbol})
        else:
            named = f"{where}: " if where else ""
            reason = f"{named}{common['kind']} of 0: nothing came in"
            self.parsed.skipped.append(SkippedRow(line, reason))
        if self.rounder.short(row.get("fee") or 0):
            self._cost(line, place, {"fee": row["fee"]}, common)

    def _cost(
        self, line: int, place: int, row: Mapping[str, Any], common: dict[str, Any]
    ) -> None:
        """A fee: its column `fee`, or where that is 0 quantity x unit price. The
        symbol of such a row is a text ("Custody") and makes no instrument."""
        fee = self.rounder.short(row.get("fee") or 0)
        if not fee:
            quantity = self.rounder.short(row.get("quantity") or 0)
            fee = rounded(quantity * self.rounder.short(row.get("unitprice") or 0))
        self._transfer(line, place, common | {"kind": "fee", "amount": -fee})

    def _transfer(self, line: int, place: int, common: Mapping[str, Any]) -> None:
        row = {
            "kind": common["kind"],
            "asset": common["currency"],
            "amount": common["amount"],
            "at": common["at"],
            "symbol": common.get("symbol", ""),
            "note": common["note"],
        }
        self.parsed.transfers.append(
            read_transfer(row, now=self.now, line=line, place=place, needs_id=False)
        )
