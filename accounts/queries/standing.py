"""Everything in the database that says whom a session or service token speaks for and
what they may do, as it stands there: while it reads the same, so does the answer.

Raw rows, to be compared with earlier ones and for nothing else.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

BY_SESSION = """
    SELECT s.user_id, s.revoked_at, s.fingerprint, s.opened_at, s.seen_at, u.password,
           u.is_active, u.is_superuser
    FROM accounts_session s JOIN accounts_user u ON u.id = s.user_id WHERE s.sid = %s
"""
BY_SERVICE = """
    SELECT t.owner_id, t.revoked_at, t.digest, t.scopes, t.expires_at, u.is_active,
           u.is_superuser
    FROM accounts_servicetoken t JOIN accounts_user u ON u.id = t.owner_id
    WHERE t.uid = %s
"""
RIGHTS = """
    SELECT p.permission_id FROM auth_group_permissions p
    JOIN accounts_user_groups g ON g.group_id = p.group_id WHERE g.user_id = %s
    UNION SELECT permission_id FROM accounts_user_user_permissions WHERE user_id = %s
"""


def standing_of_session(sid: str) -> object:
    return _standing(BY_SESSION, sid)


def standing_of_token(uid: str) -> object:
    return _standing(BY_SERVICE, uid)


def _standing(statement: str, name: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement, [name])
        row: Any = cursor.fetchone()
        if row is None:
            return None
        cursor.execute(RIGHTS, [row[0], row[0]])
        return row, frozenset(cursor.fetchall())
