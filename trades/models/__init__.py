from trades.models.amending import LISTED, STANDING, FactStatus
from trades.models.books import Book, BookMethod, Instrument, Strategy
from trades.models.decisions import Decision
from trades.models.derived import Balance, Lot, Match, Position, RoundTrip
from trades.models.facts import (
    ORIGINAL,
    BalanceStatement,
    Fill,
    FillEvent,
    Transfer,
    TransferEvent,
)
from trades.models.imports import ImportBatch
from trades.models.market import Price, Split
from trades.models.valuations import TransferLot, Valuation

__all__ = [
    "LISTED",
    "ORIGINAL",
    "STANDING",
    "Balance",
    "BalanceStatement",
    "Book",
    "BookMethod",
    "Decision",
    "FactStatus",
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
    "TransferEvent",
    "TransferLot",
    "Valuation",
]
