from trades.models.books import Book, BookMethod, Instrument, Strategy
from trades.models.decisions import Decision
from trades.models.derived import Balance, Lot, Match, Position, RoundTrip
from trades.models.facts import BalanceStatement, Fill, FillEvent, Transfer
from trades.models.imports import ImportBatch
from trades.models.market import Price, Split

__all__ = [
    "Balance",
    "BalanceStatement",
    "Book",
    "BookMethod",
    "Decision",
    "Fill",
    "FillEvent",
    "ImportBatch",
    "Instrument",
    "Lot",
    "Match",
    "Position",
    "Price",
    "RoundTrip",
    "Split",
    "Strategy",
    "Transfer",
]
