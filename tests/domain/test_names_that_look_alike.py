"""Symbols and currencies are letters of ASCII, not what looks like them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trades.domain.reading import NotAFact, read_fill

ROW = {
    "external_id": "a",
    "symbol": "BTK-USD",
    "side": "buy",
    "quantity": "1",
    "price": "1",
    "executed_at": "2026-03-02T00:00:00Z",
    "fee_currency": "BTK",
}
NOW = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize("name", ["symbol", "fee_currency"])
@pytest.mark.parametrize(
    "letter", ["\N{KELVIN SIGN}", "\N{FULLWIDTH LATIN CAPITAL LETTER K}"]
)
def test_a_sign_that_composes_to_a_letter_is_none(name: str, letter: str) -> None:
    """A Kelvin sign was booked as a K: two symbols became one."""
    with pytest.raises(NotAFact, match="is no "):
        read_fill({**ROW, name: ROW[name].replace("K", letter)}, now=NOW)


@pytest.mark.parametrize("around", ["{}", " {} ", "\N{NO-BREAK SPACE}{}"])
def test_blanks_around_it_are_none_of_it(around: str) -> None:
    fill = read_fill({**ROW, "symbol": around.format("btk/usd")}, now=NOW)
    assert fill.symbol == "BTK-USD"
