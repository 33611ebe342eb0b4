"""Statements that the server keeps, with their values sent beside them."""

from __future__ import annotations

from typing import Any

import psycopg


class PreparedCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **{"prepare": True, **options})
