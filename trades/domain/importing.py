"""Files of trades: what they say, exactly, and what is wrong with which line.

Reading never stops at the first fault: every broken row is named with its physical
line (the header is 1) and reason, so that a person can mend the file once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from kernel.numbers import QUANTUM, ZERO, NotExact, exact, rounded, text
from trades.domain.facts import (
    FILL_FIELDS,
    NewBalance,
    NewFill,
    NewPrice,
    NewTransfer,
    NotAFact,
    read_fill,
    read_price,
    read_time,
    symbol_parts,
)

LARGEST = 32 * 1024 * 1024
FORMATS = ("own", "coinbase", "freqtrade")
NEEDED = ("symbol", "side", "quantity", "price", "executed_at")
COINBASE = ("type", "amount", "balance", "amount/balance unit", "trade id", "order id")


class NotAFile(ValueError):
    """The file as a whole cannot be read; says why and in which line."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be booked, by its physical line."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


@dataclass
class Parsed:
    """What a file says. `quote` is the currency it is kept in ("" when it has
    several). `stated` holds its own totals as it wrote them, `recomputed` ours.
    Rounding concerns float exports: rows and the largest error."""

    file_format: str
    fills: list[NewFill] = field(default_factory=list)
    transfers: list[NewTransfer] = field(default_factory=list)
    balances: list[NewBalance] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stated: dict[str, str] = field(default_factory=dict)
    recomputed: dict[str, str] = field(default_factory=dict)
    quote: str = ""
    needs_shorts: bool = False
    rounded_rows: int = 0
    largest_rounding: Decimal = ZERO


def read_file(
    content: bytes,
    *,
    now: datetime,
    file_format: str = "",
    zone: ZoneInfo | None = None,
    base_currency: str = "",
) -> Parsed:
    """Read a file of any known format (found out unless given).

    `zone` is declared for times without an offset, `base_currency` the book's.
    Raises NotAFile for what is no such file; broken rows are in the result.
    """
    words = decoded(content)
    kind = file_format or _detect(words)
    if kind == "freqtrade":
        parsed = _Freqtrade(words, now).parsed
    elif kind == "coinbase":
        parsed = _Coinbase(words, now, zone, base_currency).parsed
    elif kind == "own":
        parsed = _own(words, now, zone)
    else:
        raise NotAFile(f"{kind!r} is no known format: {', '.join(FORMATS)}")
    parsed.quote = parsed.quote or _common_quote(parsed, base_currency)
    return parsed


def decoded(content: bytes) -> str:
    """The text of a file. Raises NotAFile for what is none, naming the line."""
    if len(content) > LARGEST:
        raise NotAFile(
            f"the file has {len(content):,} bytes; at most {LARGEST:,} are read"
        )
    if not content.strip():
        raise NotAFile("the file is empty")
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise NotAFile(
            f"line {line}: this is no text file (byte {content[error.start]:#04x} "
            "is not UTF-8)"
        ) from None
    if "\0" in words:
        line = words[: words.index("\0")].count("\n") + 1
        raise NotAFile(f"line {line}: this is no text file (it holds a zero byte)")
    return words


def _detect(words: str) -> str:
    start = words.lstrip()
    if start.startswith(("{", "[")):
        return "freqtrade"
    header = {name.strip().lower() for name in start.partition("\n")[0].split(",")}
    if set(COINBASE) <= header:
        return "coinbase"
    if {"symbol", "side"} & header:
        return "own"
    raise NotAFile(
        "line 1: neither our CSV (needs "
        + ", ".join(NEEDED)
        + "), nor a Coinbase statement, nor a freqtrade export"
    )


def _common_quote(parsed: Parsed, base_currency: str) -> str:
    quotes = {symbol_parts(one.symbol, base_currency)[2] for one in parsed.fills}
    quotes.discard("")
    return quotes.pop() if len(quotes) == 1 else ""


def row_id(prefix: str, content: Sequence[str], seen: Counter[str]) -> str:
    """Identity of a row without an id: its content and its ordinal among identical
    rows of the file, so that two real equal fills stay two and a second import of
    the file adds none."""
    digest = hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"{prefix}:{digest}:{seen[digest]}"


def _csv_rows(words: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header's names and (physical line, cells) of each row that is not blank."""
    reader = csv.reader(io.StringIO(words), strict=True)

    def rows() -> Iterator[tuple[int, list[str]]]:
        line = reader.line_num + 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise NotAFile(f"line {reader.line_num}: {error}") from None

    try:
        header = [name.strip().lower() for name in next(reader)]
    except (csv.Error, StopIteration) as error:
        raise NotAFile(f"line 1: no header ({error})") from None
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if twice:
        raise NotAFile(f"line 1: the column {twice[0]!r} stands there twice")
    return header, rows()


def sequenced(fills: Sequence[NewFill]) -> list[NewFill]:
    """In order of time, `sequence` = position among rows of equal time; a file
    listed newest first is reversed."""
    rows = list(fills)
    if len(rows) > 1 and rows[0].executed_at > rows[-1].executed_at:
        rows.reverse()
    seen: Counter[datetime] = Counter()
    ordered = []
    for row in rows:
        ordered.append(replace(row, sequence=seen[row.executed_at]))
        seen[row.executed_at] += 1
    return sorted(ordered, key=lambda row: (row.executed_at, row.sequence))


# --- our own CSV ----------------------------------------------------------------


def _own(words: str, now: datetime, zone: ZoneInfo | None) -> Parsed:
    header, rows = _csv_rows(words)
    missing = [name for name in NEEDED if name not in header]
    unknown = [name for name in header if name not in (*FILL_FIELDS, "")]
    if missing or unknown:
        what = f"lacks {missing[0]!r}" if missing else f"does not know {unknown[0]!r}"
        raise NotAFile(f"line 1: the header {what}; columns: {', '.join(FILL_FIELDS)}")
    parsed = Parsed("own")
    seen: Counter[str] = Counter()
    fills = []
    ids: dict[str, int] = {}
    for line, cells in rows:
        if len(cells) != len(header):
            reason = f"has {len(cells)} cells, the header {len(header)}"
            parsed.broken.append(Broken(line, reason))
            continue
        row = {
            name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()
        }
        row.setdefault("external_id", row_id("csv", cells, seen))
        try:
            fill = read_fill(row, now=now, zone=zone, line=line)
        except NotAFact as error:
            parsed.broken.append(Broken(line, str(error)))
            continue
        if fill.external_id in ids:
            reason = f"external_id: stands in line {ids[fill.external_id]} already"
            parsed.broken.append(Broken(line, reason))
            continue
        ids[fill.external_id] = line
        fills.append(fill)
    parsed.fills = sequenced(fills)
    if not fills and not parsed.broken:
        raise NotAFile("the file has a header and no rows")
    return parsed


def read_prices(content: bytes, *, now: datetime, zone: ZoneInfo | None) -> list[Any]:
    """The prices of a CSV with symbol, at, price and maybe source; a list of
    NewPrice and Broken. Raises NotAFile."""
    header, rows = _csv_rows(decoded(content))
    if not {"symbol", "at", "price"} <= set(header):
        raise NotAFile("line 1: needs the columns symbol, at, price (and maybe source)")
    found: list[NewPrice | Broken] = []
    for line, cells in rows:
        row = dict(zip(header, cells, strict=False))
        try:
            found.append(read_price(row, now=now, zone=zone, line=line))
        except NotAFact as error:
            found.append(Broken(line, str(error)))
    return found


# --- Coinbase account statement ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    kind: str
    at: datetime
    amount: Decimal
    balance: Decimal
    unit: str
    transfer: str
    trade: str
    order: str


class _Coinbase:
    """One row per movement of one currency: a fill has two match rows and a fee.

    The leg in the fee's unit is the quote. The running balance of each row is
    checked against the sum of amounts so far, and the last one of each time kept.
    """

    def __init__(
        self, words: str, now: datetime, zone: ZoneInfo | None, base_currency: str
    ) -> None:
        self.now = now
        self.zone = zone
        self.base = base_currency
        self.parsed = Parsed("coinbase")
        header, rows = _csv_rows(words)
        entries = [
            one for line, cells in rows if (one := self._entry(header, line, cells))
        ]
        if len(entries) > 1 and entries[0].at > entries[-1].at:
            entries.reverse()
        self._reconcile(entries)
        self._fills(entries)
        self._transfers(entries)

    def _broken(self, line: int, reason: str) -> None:
        self.parsed.broken.append(Broken(line, reason))

    def _entry(self, header: list[str], line: int, cells: list[str]) -> _Entry | None:
        if len(cells) != len(header):
            self._broken(line, f"has {len(cells)} cells, the header {len(header)}")
            return None
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        try:
            at = read_time(row.get("timestamp") or row.get("time") or "", self.zone)
            amount, balance = exact(row["amount"]), exact(row["balance"])
        except (ValueError, NotExact, OverflowError) as error:
            self._broken(line, str(error))
            return None
        if at > self.now:
            self._broken(line, f"{at:%Y-%m-%d} lies in the future")
            return None
        kind = row["type"].lower()
        if kind not in ("match", "fee", "deposit", "withdrawal", "conversion"):
            self._broken(line, f"type: {row['type'][:20]!r} is not known")
            return None
        return _Entry(
            line,
            kind,
            at,
            amount,
            balance,
            row["amount/balance unit"].upper(),
            row.get("transfer id", ""),
            row["trade id"],
            row["order id"],
        )

    def _reconcile(self, entries: Sequence[_Entry]) -> None:
        running: dict[str, Decimal] = {}
        stated: dict[tuple[str, datetime], Decimal] = {}
        for one in entries:
            before = running.get(one.unit)
            if before is not None and before + one.amount != one.balance:
                self._broken(
                    one.line,
                    f"balance: {text(before)} {text(one.amount)} is not "
                    f"{text(one.balance)} {one.unit}",
                )
            elif before is None and one.balance != one.amount:
                self.parsed.notes.append(
                    f"line {one.line}: the statement begins with "
                    f"{text(one.balance - one.amount)} {one.unit} held before"
                )
            running[one.unit] = one.balance
            stated[one.unit, one.at] = one.balance
        self.parsed.balances = [
            NewBalance(unit, amount, at, source="coinbase")
            for (unit, at), amount in stated.items()
        ]
        for unit, amount in sorted(running.items()):
            self.parsed.stated[f"balance {unit}"] = text(amount)

    def _fills(self, entries: Sequence[_Entry]) -> None:
        groups: dict[str, list[_Entry]] = defaultdict(list)
        for one in entries:
            if one.kind in ("match", "fee"):
                groups[one.trade].append(one)
        fee_units = Counter(one.unit for one in entries if one.kind == "fee")
        fills = []
        for trade, rows in groups.items():
            fill = self._fill(trade, rows, fee_units)
            if fill is not None:
                fills.append(fill)
        self.parsed.fills = sequenced(fills)
        quotes = Counter(fill.symbol.partition("-")[2] for fill in fills)
        self.parsed.quote = quotes.most_common(1)[0][0] if len(quotes) == 1 else ""

    def _fill(
        self, trade: str, rows: Sequence[_Entry], fee_units: Counter[str]
    ) -> NewFill | None:
        legs = [one for one in rows if one.kind == "match"]
        fees = [one for one in rows if one.kind == "fee"]
        line = rows[0].line
        if len(legs) != 2 or len(fees) > 1 or legs[0].unit == legs[1].unit:
            self._broken(line, f"trade {trade or 'without id'}: not two legs and a fee")
            return None
        quote = self._quote(legs, fees, fee_units)
        base = next((leg for leg in legs if leg.unit != quote), legs[0])
        other = next((leg for leg in legs if leg.unit == quote), None)
        if other is None or base.amount * other.amount >= 0:
            self._broken(line, f"trade {trade}: its legs do not pay for each other")
            return None
        quantity, amount = abs(base.amount), abs(other.amount)
        return NewFill(
            external_id=f"coinbase:{trade}",
            symbol=f"{base.unit}-{quote}",
            side="buy" if base.amount > 0 else "sell",
            quantity=quantity,
            price=rounded(amount / quantity),
            executed_at=base.at,
            fee=-fees[0].amount if fees else ZERO,
            fee_currency=fees[0].unit if fees else quote,
            amount=amount,
            order_id=base.order,
            line=line,
        )

    def _quote(
        self, legs: Sequence[_Entry], fees: Sequence[_Entry], fee_units: Counter[str]
    ) -> str:
        """The currency a fill was paid in: its fee's, else the book's base, else the
        one in which this file's other fees were charged."""
        if fees:
            return fees[0].unit
        units = {leg.unit for leg in legs}
        if self.base in units:
            return self.base
        return max(sorted(units), key=lambda unit: fee_units[unit])

    def _transfers(self, entries: Sequence[_Entry]) -> None:
        quote = self.base or self.parsed.quote
        traded = {fill.symbol.partition("-")[0]: fill.symbol for fill in self._newest()}
        seen: Counter[str] = Counter()
        for one in entries:
            if one.kind not in ("deposit", "withdrawal"):
                continue
            content = (one.kind, str(one.at), text(one.amount), one.unit)
            self.parsed.transfers.append(
                NewTransfer(
                    external_id=f"coinbase:{one.transfer}"
                    if one.transfer
                    else row_id("coinbase", content, seen),
                    kind=one.kind,
                    asset=one.unit,
                    amount=one.amount,
                    at=one.at,
                    symbol="" if one.unit == quote else traded.get(one.unit, ""),
                    line=one.line,
                )
            )

    def _newest(self) -> list[NewFill]:
        """Fills in the book's base currency last: they name an asset's instrument."""
        quote = self.base or self.parsed.quote
        return sorted(self.parsed.fills, key=lambda f: f.symbol.endswith(f"-{quote}"))


# --- freqtrade backtest export -----------------------------------------------------


class _Freqtrade:
    """`strategy.<name>.trades[]`: each trade is an entry and (closed) an exit.

    Fees are rates of the amount, in the quote currency. Floats written out in full
    can have more than 18 decimals: they are rounded half-even and reported.
    """

    def __init__(self, words: str, now: datetime) -> None:
        self.now = now
        self.parsed = Parsed("freqtrade")
        self.seen: Counter[str] = Counter()
        self.fills: list[NewFill] = []
        for name, run in self._runs(words).items():
            self._run(str(name), run)
        if not self.fills and not self.parsed.broken:
            raise NotAFile("the export holds no trades")
        self.parsed.fills = _in_time(self.fills)

    def _runs(self, words: str) -> Mapping[str, Any]:
        try:
            document = json.loads(words, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise NotAFile(f"this is no JSON: {error}") from None
        runs = document.get("strategy") if isinstance(document, dict) else None
        if not isinstance(runs, dict) or not all(
            isinstance(run, dict) and isinstance(run.get("trades"), list)
            for run in runs.values()
        ):
            raise NotAFile("line 1: no freqtrade export (strategy.<name>.trades)")
        return runs

    def _run(self, name: str, run: Mapping[str, Any]) -> None:
        first = len(self.fills)
        gross = net = stated = ZERO
        for index, trade in enumerate(run["trades"]):
            rounded_before = self.parsed.largest_rounding
            try:
                made, errors = self._trade(name, trade)
            except (NotAFact, ValueError, NotExact, ArithmeticError, KeyError) as error:
                self.parsed.largest_rounding = rounded_before
                reason = f"{error} is missing" if isinstance(error, KeyError) else error
                self.parsed.broken.append(
                    Broken(0, f"{name}, trade {index + 1}: {reason}")
                )
                continue
            self.fills.extend(made)
            if errors:
                self.parsed.rounded_rows += 1
                self.parsed.largest_rounding = max(
                    self.parsed.largest_rounding, *errors
                )
            if len(made) == 2:
                sign = 1 if made[0].side == "buy" else -1
                gain = sign * (made[1].booked_amount - made[0].booked_amount)
                gross += gain
                net += gain - made[0].fee - made[1].fee
                stated += _decimal(trade.get("profit_abs", 0))
        self._deposit(name, run, self.fills[first:])
        self.parsed.quote = self.parsed.quote or str(run.get("stake_currency", ""))
        self.parsed.stated[f"{name} sum of profit_abs"] = text(stated)
        if "profit_total_abs" in run:
            total = _decimal(run["profit_total_abs"])
            self.parsed.stated[f"{name} profit_total_abs"] = text(total)
        self.parsed.recomputed[f"{name} gross"] = text(gross)
        self.parsed.recomputed[f"{name} net of fees"] = text(net)
        self.parsed.recomputed[f"{name} gross less stated"] = text(gross - stated)

    def _trade(
        self, name: str, trade: Mapping[str, Any]
    ) -> tuple[list[NewFill], list[Decimal]]:
        """The entry and the exit of a trade, with the rounding errors made."""
        if not isinstance(trade, dict):
            raise NotAFile("is no object")
        content = json.dumps(trade, sort_keys=True, default=str)
        identity = row_id("freqtrade", (name, content), self.seen)
        short = bool(trade.get("is_short"))
        self.parsed.needs_shorts |= short
        errors: list[Decimal] = []
        entry = self._side(
            name, trade, "open", "sell" if short else "buy", identity, errors
        )
        if trade.get("is_open") or not trade.get("close_date"):
            return [entry], errors
        leaving = self._side(
            name, trade, "close", "buy" if short else "sell", identity, errors
        )
        return [entry, leaving], errors

    def _side(
        self,
        name: str,
        trade: Mapping[str, Any],
        end: str,
        side: str,
        identity: str,
        errors: list[Decimal],
    ) -> NewFill:
        quantity = _short(_decimal(trade["amount"]), errors)
        price = _short(_decimal(trade[f"{end}_rate"]), errors)
        rate = _decimal(trade.get(f"fee_{end}") or 0)
        row = {
            "external_id": f"{identity}:{end}",
            "symbol": str(trade["pair"]).partition(":")[0],
            "side": side,
            "quantity": quantity,
            "price": price,
            "executed_at": trade[f"{end}_date"],
            "fee": rounded(quantity * price * rate),
            "strategy": name,
            "note": str(
                trade.get("enter_tag" if end == "open" else "exit_reason") or ""
            ),
        }
        return read_fill(row, now=self.now, zone=ZoneInfo("UTC"))

    def _deposit(
        self, name: str, run: Mapping[str, Any], fills: Sequence[NewFill]
    ) -> None:
        """The run's starting balance comes in before its first fill."""
        if not fills or not run.get("starting_balance"):
            return
        at = min(fill.executed_at for fill in fills)
        if run.get("backtest_start"):
            at = min(at, read_time(run["backtest_start"], ZoneInfo("UTC")))
        amount = _short(_decimal(run["starting_balance"]), [])
        currency = str(run.get("stake_currency") or fills[0].symbol.partition("-")[2])
        content = (name, str(at), text(amount), currency)
        self.parsed.transfers.append(
            NewTransfer(
                external_id=row_id("freqtrade-start", content, Counter()),
                kind="deposit",
                asset=currency,
                amount=amount,
                at=at,
                note=f"starting balance of {name}",
            )
        )


def _decimal(value: Any) -> Decimal:
    """The exact Decimal of a JSON number or text. Raises ValueError."""
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is no number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{str(value)[:40]!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{str(value)[:40]!r} is not finite")
    return number


def _short(number: Decimal, errors: list[Decimal]) -> Decimal:
    """Half-even to 18 decimals; what that changed joins `errors`."""
    if abs(number) >= Decimal(10) ** 20:
        raise ValueError(f"{str(number)[:40]} is larger than the ledger holds")
    short = number.quantize(QUANTUM, rounding=ROUND_HALF_EVEN)
    if short != number:
        errors.append(abs(short - number))
    return exact(short)


def _in_time(fills: Sequence[NewFill]) -> list[NewFill]:
    """In order of time. At one moment come first the exits of older trades, for
    their capital is used again, then entries, then the exits of those."""
    opened = {
        fill.external_id.removesuffix(":open"): fill.executed_at
        for fill in fills
        if fill.external_id.endswith(":open")
    }

    def rank(fill: NewFill) -> int:
        trade, _, end = fill.external_id.rpartition(":")
        if end == "open":
            return 1
        return 2 if opened[trade] == fill.executed_at else 0

    seen: Counter[datetime] = Counter()
    result = []
    for fill in sorted(fills, key=lambda fill: (fill.executed_at, rank(fill))):
        result.append(replace(fill, sequence=seen[fill.executed_at]))
        seen[fill.executed_at] += 1
    return result
