"""A span of a statement is named by its verb alone."""

from __future__ import annotations

import pytest

from rrr_dashboard.tracing import verb_of


@pytest.mark.parametrize(
    ("sql", "verb"),
    [
        ("SELECT 1", "SELECT"),
        ("SELECT\n  id FROM trades_fill", "SELECT"),
        ("\n\tselect\tid", "SELECT"),
        ("(SELECT 1) UNION (SELECT 2)", "SELECT"),
        ("((SELECT 1))", "SELECT"),
        ("BEGIN;", "BEGIN"),
        ("COMMIT", "COMMIT"),
        ('INSERT INTO "t" VALUES (%s)', "INSERT"),
        ("WITH old AS (SELECT 1) DELETE FROM t", "WITH"),
        ("PRAGMA(foreign_keys)", "PRAGMA"),
        ("", "SQL"),
        ("a" * 50, "A" * 20),
    ],
)
def test_the_name_of_a_statement_is_its_verb(sql: str, verb: str) -> None:
    assert verb_of(sql) == verb
