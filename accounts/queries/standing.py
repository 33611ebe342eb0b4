"""Everything in the database that says whom a session, a browser's cookie or a service
token speaks for and what they may do, as it stands there: while it reads the same, so
does the answer.

Raw rows, to be compared with earlier ones and for nothing else. One statement each,
always with the same words, which both databases keep prepared.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Model

from accounts.models import ServiceToken, Session, User, WebSession
from kernel.prepared import prepared

JOINED = {"sqlite": "group_concat({})", "postgresql": "string_agg({}::text, ',')"}
ROLES = """
    SELECT {roles} FROM accounts_user_groups m JOIN auth_group g ON g.id = m.group_id
    WHERE m.user_id = u.id
"""
RIGHTS = """
    SELECT {rights} FROM (
        SELECT p.permission_id AS held FROM auth_group_permissions p
        JOIN accounts_user_groups m ON m.group_id = p.group_id WHERE m.user_id = u.id
        UNION SELECT permission_id FROM accounts_user_user_permissions
        WHERE user_id = u.id ORDER BY 1
    ) all_held
"""
STANDING = """
    SELECT {columns}, ({roles}), ({rights})
    FROM {table} s JOIN accounts_user u ON u.id = s.{owner} WHERE s.{name} = %s
"""
BROWSER = """
    SELECT u.id, {columns}, ({roles}), ({rights})
    FROM {table} w JOIN accounts_session s ON s.sid = w.session_id
    JOIN accounts_user u ON u.id = s.user_id WHERE w.session_key = %s
"""


def standing_of_session(sid: str) -> object:
    return _standing(Session, "user_id", "sid", sid)


def standing_of_token(uid: str) -> object:
    return _standing(ServiceToken, "owner_id", "uid", uid)


def standing_of_browser(session_key: str) -> tuple[Any, ...] | None:
    """The person's id first. None for nobody who is logged in."""
    with prepared(connection) as cursor:
        cursor.execute(_of_browser(connection.vendor), [session_key])
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


@lru_cache
def _of_browser(vendor: str) -> str:
    joined = JOINED[vendor]
    tables = {"w": WebSession, "s": Session, "u": User}
    return BROWSER.format(
        columns=", ".join(
            column
            for alias, model in tables.items()
            for column in _columns(alias, model)
        ),
        roles=ROLES.format(roles=joined.format("g.name")),
        rights=RIGHTS.format(rights=joined.format("held")),
        table=WebSession._meta.db_table,
    )


def _standing(model: type[Model], owner: str, name: str, given: str) -> object:
    """None where there is none."""
    statement = _statement(connection.vendor, model, owner, name)
    with prepared(connection) as cursor:
        cursor.execute(statement, [given])
        row: object = cursor.fetchone()
    return row


@lru_cache
def _statement(vendor: str, model: type[Model], owner: str, name: str) -> str:
    joined = JOINED[vendor]
    return STANDING.format(
        columns=", ".join([*_columns("s", model), *_columns("u", User)]),
        roles=ROLES.format(roles=joined.format("g.name")),
        rights=RIGHTS.format(rights=joined.format("held")),
        table=model._meta.db_table,
        owner=owner,
        name=name,
    )


def _columns(alias: str, model: type[Model]) -> list[str]:
    return [f"{alias}.{field.column}" for field in model._meta.concrete_fields]
