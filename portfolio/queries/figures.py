"""What the books' facts brought: realised, fees, income and flows, and what those
figures lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from django.db.models import Count, Q, QuerySet, Sum

from kernel.numbers import ZERO
from kernel.prepared import PreparedQuery
from portfolio.domain.reasons import Reason
from portfolio.domain.valuation import total
from portfolio.queries.books import Scope
from portfolio.queries.flows import (
    TransferSum,
    external_flows,
    transfer_sums,
    unit_worths,
)
from portfolio.queries.selection import stored_strategy
from trades.domain.units import number
from trades.models import Balance, Fill, Generation, Instrument, Match, Transfer
from trades.queries.assets import BookAssets
from trades.queries.known import KnownBook
from trades.queries.rates import Rates

Amounts: TypeAlias = list[tuple[int, Decimal, str]]  # of a book, in a currency
FLAGGED = (Reason.MISSING_COST, Reason.MISSING_ACQUISITION)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """In the answer's currency; None where a rate or a mark is missing. `net_flows` is
    what was paid in less what was taken out, `paid_in` the first of these alone, both
    with implied funding."""

    realised: Decimal | None
    fees: Decimal | None
    income: Decimal | None
    transferred: Decimal | None
    net_flows: Decimal | None
    paid_in: Decimal | None


def figures(
    scope: Scope, balances: Sequence[Balance], rates: Rates, strategy: str
) -> Figures:
    """Of all strategies or of one."""
    stored = stored_strategy(strategy) if strategy else None
    sums = transfer_sums(scope)
    flows = external_flows(scope, sums, stored)
    implied = total(
        converted([(row.book_id, row.implied, row.currency)], rates, scope.currency)
        for row in balances
    )
    if stored is None:
        realised = [(row.book_id, row.realised, row.currency) for row in balances]
        fees = [(row.book_id, row.fees, row.currency) for row in balances]
    else:
        realised, fees = _of_strategy(scope, stored)
    return Figures(
        realised=converted(realised, rates, scope.currency),
        fees=converted(fees, rates, scope.currency),
        income=converted(_income(scope, sums, stored), rates, scope.currency),
        transferred=flows.transferred,
        net_flows=total((flows.net, implied)),
        paid_in=total((flows.paid_in, implied)),
    )


def _of_strategy(scope: Scope, strategy: str) -> tuple[Amounts, Amounts]:
    """What its matches realised, and the fees of its fills, by book and currency."""
    if scope.known is not None:
        return _known_of_strategy(scope.known.values(), strategy)
    mine = {"book__in": scope.ids, "strategy": strategy}
    matches = Match.objects.filter(**mine).values_list("book", "instrument__quote")
    fills = Fill.objects.standing().filter(**mine)
    fees = fills.values_list("book", "instrument__quote")
    return (
        [
            (book, amount or ZERO, quote)
            for book, quote, amount in matches.annotate(Sum("realised")).order_by()
        ],
        [
            (book, amount or ZERO, quote)
            for book, quote, amount in fees.annotate(Sum("fee_value")).order_by()
        ],
    )


def _known_of_strategy(
    books: Iterable[KnownBook], strategy: str
) -> tuple[Amounts, Amounts]:
    realised: Amounts = []
    fees: Amounts = []
    for known in books:
        realised += [
            (known.book.pk, number(match.realised or 0), instrument.quote)
            for instrument, match in known.matches
            if match.strategy == strategy
        ]
        fees += [
            (known.book.pk, fee or ZERO, quote)
            for quote, owner, fee in known.fees()
            if owner == strategy
        ]
    return realised, fees


def converted(
    amounts: Iterable[tuple[int, Decimal, str]], rates: Rates, target: str
) -> Decimal | None:
    return total(
        ZERO if not amount else rates.convert(book_id, amount, currency, target)
        for book_id, amount, currency in amounts
    )


def flagged_matches(book_ids: Sequence[int]) -> QuerySet[Match]:
    """Says twice that there is a reason, so that the partial index answers."""
    flagged = Match.objects.filter(~Q(reason=""), reason__in=FLAGGED)
    return flagged.filter(book__in=book_ids)


def incomplete(
    scope: Scope, balances: Sequence[Balance], strategy: str = ""
) -> dict[Reason, int]:
    """How many facts are left out of the figures or flagged in them, by reason."""
    counts = _flagged_counts(scope, strategy)
    left_out = {Reason(reason): count for reason, count in counts.items()}
    if not strategy and (missing := sum(row.fees_missing for row in balances)):
        left_out[Reason.NO_FX] = missing
    if scope.known is None and (waiting := _waiting(scope)):
        left_out[Reason.RECOMPUTING] = waiting
    return left_out


def _flagged_counts(scope: Scope, strategy: str) -> Mapping[str, int]:
    if scope.known is not None:
        return Counter(
            match.reason
            for known in scope.known.values()
            for _, match in known.matches
            if match.reason in FLAGGED
            and (not strategy or match.strategy == stored_strategy(strategy))
        )
    if not strategy:
        return dict(_all_flagged(scope.ids))
    flagged = flagged_matches(scope.ids).filter(strategy=stored_strategy(strategy))
    return dict(_by_reason(flagged))


@PreparedQuery
def _all_flagged(book_ids: list[int]) -> QuerySet[Match, Any]:
    return _by_reason(flagged_matches(book_ids))


def _by_reason(flagged: QuerySet[Match]) -> QuerySet[Match, Any]:
    return flagged.values_list("reason").annotate(Count("pk")).order_by()


def _waiting(scope: Scope) -> int:
    """How many facts wait to be matched, and pairs for a split; no further query where
    no pair does."""
    waiting = list(_waiting_pairs(scope.ids))
    if not waiting:
        return 0
    ids = {book for book, _ in waiting}
    sides = Q(book__in=ids) | Q(to_book__in=ids)
    count = Fill.objects.waiting().filter(book__in=ids).count()
    count += Transfer.objects.waiting().filter(sides).count()
    return count + sum(market_at is not None for _, market_at in waiting)


@PreparedQuery
def _waiting_pairs(book_ids: list[int]) -> QuerySet[Generation, Any]:
    pairs = Generation.objects.filter(book__in=book_ids, waits=True)
    return pairs.values_list("book", "market_at")


def _income(scope: Scope, sums: Sequence[TransferSum], strategy: str | None) -> Amounts:
    """Dividends, interest and funding less costs, by book and currency; in kind as
    they were valued."""
    earned = [
        row
        for row in sums
        if not row.external
        and row.book in scope.ids
        and strategy in (None, row.strategy)
    ]
    named = Instrument.objects.in_bulk({row.instrument for row in earned} - {None})
    assets = {book.pk: BookAssets(book, scope.known_at) for book in scope.books}
    amounts: Amounts = []
    in_kind: set[str] = set()
    for row in earned:
        instrument = named.get(row.instrument) if row.instrument else None
        if assets[row.book].moved(row.asset, instrument) is None:
            amounts.append((row.book, row.into + row.out, row.asset))
        else:
            in_kind.add(row.asset)
    if in_kind:
        amounts += _income_in_kind(scope, in_kind, strategy)
    return amounts


def _income_in_kind(
    scope: Scope, names: Collection[str], strategy: str | None
) -> Amounts:
    standing = Transfer.objects.standing(scope.known_at)
    transfers = standing.filter(book__in=scope.ids, asset__in=names)
    transfers = transfers.exclude(kind__in=Transfer.EXTERNAL)
    if strategy is not None:
        transfers = transfers.filter(strategy=strategy)
    rows = list(transfers.select_related("instrument").order_by("at", "id"))
    amounts: Amounts = []
    for book in scope.books:
        mine = [transfer for transfer in rows if transfer.book_id == book.pk]
        assets = BookAssets(book, scope.known_at).load({move.asset for move in mine})
        moved = {
            transfer.pk: instrument
            for transfer in mine
            if (instrument := assets.of_transfer(transfer)) is not None
        }
        units = unit_worths(book, mine, moved, scope.known_at) if moved else {}
        amounts += [
            (book.pk, transfer.amount * units[transfer.pk], moved[transfer.pk].quote)
            for transfer in mine
            if transfer.pk in units
        ]
    return amounts
