"""FastAPI as its documentation shows it: a checked token, rows of a database and a
response model. No limits, no log, no revocation: what it would cost at least.

Reads the naive stack's table (NAIVE_DATABASE).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

ALGORITHM = "HS512"
COLUMNS = (
    "external_id",
    "symbol",
    "side",
    "quantity",
    "price",
    "fee",
    "strategy",
    "executed_at",
)
NEWEST = (
    f"SELECT {', '.join(COLUMNS)} FROM naive_trade ORDER BY executed_at DESC LIMIT ?"  # noqa: S608 - names of ours # nosec B608
)
OWN = threading.local()
app = FastAPI()


class TradeOut(BaseModel):
    external_id: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    strategy: str
    executed_at: datetime


class TradePage(BaseModel):
    trades: list[TradeOut]
    limit: int


def person(authorization: Annotated[str, Header()] = "") -> str:
    try:
        text = authorization.removeprefix("Bearer ")
        claims = jwt.decode(text, os.environ["SECRET_KEY"], [ALGORITHM])
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None
    return str(claims["sub"])


def _rows(limit: int) -> list[tuple[object, ...]]:
    if not hasattr(OWN, "database"):
        OWN.database = sqlite3.connect(os.environ["NAIVE_DATABASE"])
    rows: list[tuple[object, ...]] = OWN.database.execute(NEWEST, [limit]).fetchall()
    return rows


@app.get("/api/trades", response_model=TradePage)
def trades(who: Annotated[str, Depends(person)], limit: int = 50) -> dict[str, object]:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in _rows(limit)]
    return {"trades": rows, "limit": limit}
