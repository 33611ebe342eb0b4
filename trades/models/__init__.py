from trades.models.amending import LISTED, STANDING, FactStatus, Settled
from trades.models.books import Book, BookMethod, Instrument, Strategy
from trades.models.decisions import Decision
from trades.models.derived import (
    Balance,
    Generation,
    Lot,
    Match,
    Position,
    RoundTrip,
)
from trades.models.facts import (
    ORIGINAL,
    Fill,
    FillEvent,
    Transfer,
    TransferEvent,
)
from trades.models.imports import BatchEvent, ImportBatch, ImportPart
from trades.models.market import (
    MarketEffect,
    MarketScope,
    Price,
    PriceEvent,
    Split,
    SplitEvent,
)
from trades.models.searching import UnindexedFills
from trades.models.statements import BalanceEvent, BalanceStatement
from trades.models.valuations import TransferLot, Valuation

__all__ = [
    "LISTED",
    "ORIGINAL",
    "STANDING",
    "Balance",
    "BalanceEvent",
    "BalanceStatement",
    "BatchEvent",
    "Book",
    "BookMethod",
    "Decision",
    "FactStatus",
    "Fill",
    "FillEvent",
    "Generation",
    "ImportBatch",
    "ImportPart",
    "Instrument",
    "Lot",
    "MarketEffect",
    "MarketScope",
    "Match",
    "Position",
    "Price",
    "PriceEvent",
    "RoundTrip",
    "Settled",
    "Split",
    "SplitEvent",
    "Strategy",
    "Transfer",
    "TransferEvent",
    "TransferLot",
    "UnindexedFills",
    "Valuation",
]
