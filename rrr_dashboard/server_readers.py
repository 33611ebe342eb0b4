"""Addresses of servers that we use: database, Redis, broker, mail.

What an address says behind its ? is heeded or refused by its name, never dropped: who
wrote sslmode=verify-full relies on it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, urlencode

from kernel.numbers import whole_number
from kernel.postgresql.options import VALUES
from rrr_dashboard.readers import Unfit, address

ANY: tuple[str, ...] = ()
Options = Mapping[str, tuple[str, ...]]
# What each option may be; ANY for a number or a file, by its absolute path.
TLS: Options = {
    "ssl_ca_certs": ANY,
    "ssl_certfile": ANY,
    "ssl_keyfile": ANY,
    "ssl_cert_reqs": ("required", "optional", "none"),
    "ssl_check_hostname": ("true", "false"),
}
REDIS: Mapping[str, Options] = {"redis": {}, "rediss": TLS, "unix": {"db": ANY}}
BROKER: Mapping[str, Options] = {
    "redis": {},
    "rediss": TLS,
    "redis+socket": {"virtual_host": ANY},
}
NUMBERS = frozenset({"db", "virtual_host"})
OPTION = re.compile(r"[a-zA-Z_]{1,40}")


def database(text: str) -> SplitResult:
    """Of a PostgreSQL server, with a database's name, or of a SQLite file."""
    parts = address(text, needs_host=False)
    if parts and parts.path.strip("/"):
        if parts.scheme in {"postgres", "postgresql"}:
            options(parts, VALUES)
            return parts
        if parts.scheme == "sqlite" and not parts.netloc:
            options(parts, {})
            return parts
    raise Unfit(
        "is no database; use postgresql://user:password@host:5432/name (in the "
        "password / as %2F, @ as %40 and so on), sqlite:////absolute/path, or nothing "
        "for the embedded one"
    )


def redis(text: str) -> str:
    if not _is_redis(text, REDIS):
        raise Unfit(
            "is no Redis; use redis://host:6379/0 or unix:///path, "
            "or nothing for the embedded one"
        )
    return text


def broker(text: str) -> str:
    if not _is_redis(text, BROKER):
        raise Unfit(
            "is no broker; use redis://host:6379/0 or redis+socket:///path, "
            "or nothing for the one of REDIS_URL"
        )
    return text


def mail_server(text: str) -> SplitResult:
    parts = address(text)
    if (
        parts is None
        or parts.scheme not in {"smtp", "smtp+tls", "smtps"}
        or parts.path.strip("/")
    ):
        raise Unfit(
            "is no mail server; use smtp://, smtp+tls:// or smtps://"
            "user:password@host:port, or nothing for files in var/mail"
        )
    options(parts, {})
    return parts


def secure_mail_server(text: str) -> SplitResult:
    """Of an installation that people rely on."""
    parts = mail_server(text)
    if parts.scheme == "smtp" and parts.password and not _is_here(parts.hostname or ""):
        raise Unfit(
            "sends its password in the open; use smtp+tls:// or smtps://, or a server "
            "that asks for none"
        )
    return parts


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def options(parts: SplitResult, known: Options) -> dict[str, str]:
    """What stands behind the ? of an address. Raises Unfit for what is not `known`,
    stands there twice, or cannot be what it is."""
    if parts.fragment or "@" in parts.query:
        raise Unfit("has more behind it; in a password write # as %23 and ? as %3F")
    given: dict[str, str] = {}
    query = parts.query.replace("+", "%2B")  # which is no blank to libpq
    for name, value in parse_qsl(query, keep_blank_values=True):
        if not OPTION.fullmatch(name) or name not in known:
            raise Unfit(
                f"has an option that is not known here, {_named(name)}; "
                f"{_list(known, parts.scheme)}"
            )
        if name in given:
            raise Unfit(f"says {name} twice; say it once")
        _refuse_value(name, value, known[name])
        given[name] = value
    return given


def _named(name: str) -> str:
    return name if OPTION.fullmatch(name) else "whose name is none"


def _list(known: Options, scheme: str) -> str:
    return f"{scheme}:// takes {', '.join(known) if known else 'none'}"


def _refuse_value(name: str, value: str, values: tuple[str, ...]) -> None:
    if values:
        if value not in values:
            raise Unfit(f"says {name}, but not one of {', '.join(values)}")
    elif name in NUMBERS:
        if whole_number(value) is None:
            raise Unfit(f"says {name}, but no whole number")
    elif not value.startswith("/") and (name, value) != ("sslrootcert", "system"):
        raise Unfit(f"says {name}, but no file by its absolute path")


def broker_dialect(url: str) -> str:
    """Celery spells a unix socket redis+socket:// and the database virtual_host, and
    would believe any certificate unless it is told to look."""
    parts = address(url, needs_host=False)
    if parts is None or parts.scheme not in {"unix", "rediss"}:
        return url
    given = dict(parse_qsl(parts.query))
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host={given.get('db', '0')}"
    told = {"ssl_cert_reqs": "required", **given}
    return parts._replace(query=urlencode(told, safe="/")).geturl()


def _is_redis(text: str, schemes: Mapping[str, Options]) -> bool:
    by_socket = text.startswith(("unix:", "redis+socket:"))
    parts = address(text, needs_host=not by_socket)
    if parts is None or parts.scheme not in schemes:
        return False
    if by_socket and (parts.netloc or len(parts.path) <= 1):
        return False
    numbered = parts.path in {"", "/"} or whole_number(parts.path[1:]) is not None
    if not by_socket and not numbered:
        return False
    options(parts, schemes[parts.scheme])
    return True
