"""What the text of a setting may be, kind by kind; each reader returns the value.

`Unfit` completes the sentence "NAME …": what is wrong and what to do. A text that may
hold a password is never repeated in it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import SplitResult, urlsplit

from kernel.numbers import whole_number
from operations.domain import retention as retentions
from operations.domain.schedules import BadSchedule
from operations.domain.schedules import period as schedule_period

ON, OFF = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
LABEL = r"[a-z0-9_][a-z0-9_-]{0,62}"
HOST = re.compile(rf"(?=.{{1,253}}$){LABEL}(\.{LABEL})*", re.IGNORECASE)
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.!*'()/-]{0,200})?")
COMMIT = re.compile(r"[0-9a-f]{40}")
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
# The ends of names that are met; no host of a network of one's own is called so.
TOP_LEVEL = re.compile(
    "com|org|net|edu|gov|mil|int|info|biz|ai|at|au|be|br|ca|ch|cn|co|de|dk|es|eu|fi|fr|"
    "hk|ie|in|io|it|jp|me|nl|no|nz|pl|ru|se|sg|tv|uk|us",
    re.IGNORECASE,
)
# The widest networks that are somebody's own: 10.0.0.0/8 and fc00::/7.
WIDEST = {4: 8, 6: 7}
# Where our pages begin: tests/settings/test_production.py holds it against the URLs.
OUR_PATHS = frozenset(
    {
        *("accounts", "admin", "alerts", "api", "audit", "books", "docs", "health"),
        *("metrics", "openapi.json", "operations", "performance", "portfolio"),
        *("prices", "readiness", "redoc", "runbooks", "search", "settings", "splits"),
        *("styleguide", "trades", "transfers"),
    }
)
WEB = ("http", "https")
# What stands in the place of a port may be a password whose address was cut off.
NO_PORT = re.compile(r"(://[^/:\[]*:)[^/]*[^/\d][^/]*")
BEHIND = re.compile(r"([?#]).+", re.DOTALL)
DEFAULT_PORTS = {("http", 80), ("https", 443)}


class Unfit(ValueError):
    """What the setting is, and what to do."""


def shown(text: str) -> str:
    """Quoted, without what may be a name, a password or a token in an address."""
    before, at, place = text.rpartition("@")
    scheme = before.partition("://")[0] + "://" if "://" in before else ""
    told = f"{scheme}…@{place}" if at else NO_PORT.sub(r"\1…", text)
    return repr(BEHIND.sub(r"\1…", told))


def flag(text: str) -> bool:
    if text.lower() not in ON | OFF:
        raise Unfit(f"is {text!r}; use true or false")
    return text.lower() in ON


def whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = whole_number(text)
        if number is None or not least <= number <= most:
            raise Unfit(f"is {text!r}; use a whole number from {least} to {most}")
        return number

    return read


def one_of(*options: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in options:
            raise Unfit(f"is {text!r}; use one of {', '.join(options)}")
        return text

    return read


def period(text: str) -> timedelta:
    try:
        return schedule_period(text)
    except BadSchedule:
        raise Unfit(
            f"is {text!r}; use a number and s, m, h or d, such as 30m, 24h or 1d"
        ) from None


def retention(text: str) -> dict[str, int]:
    try:
        return retentions.parse(text)
    except retentions.BadRetention:
        raise Unfit(
            f"is {text!r}; say of how many hours, days, weeks and months "
            "the newest backup is kept, such as 24h,7d,4w,12m"
        ) from None


def each(reader: Callable[[str], str]) -> Callable[[str], list[str]]:
    """A list with commas."""
    return lambda text: [reader(part.strip()) for part in text.split(",") if part]


def own_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise Unfit(
            f"is {shown(text)}; use an IP address: 127.0.0.1 for this machine only, "
            "0.0.0.0 for all of its addresses"
        ) from None


def served_host(text: str) -> str:
    """A name that the product is reached by; `.example.com` is all of its hosts."""
    plain = text.removeprefix(".")
    if text != "*" and not _is_host(plain.removeprefix("[").removesuffix("]")):
        raise Unfit(
            f"names {shown(text)}; use host names without http:// and port, "
            "separated by commas"
        )
    return text


def exact_host(text: str) -> str:
    """One name; `.com` would be every host under it, `*` every host at all. A name
    without a dot is one of a network of one's own, such as `web`, unless it is known to
    be where others have their names."""
    if TOP_LEVEL.fullmatch(text):
        raise Unfit(
            f"names {shown(text)}, under which others have their names; "
            "name each host that people use, such as desk.example.com"
        )
    if text == "*" or text.startswith("."):
        raise Unfit(
            f"names {shown(text)}, which is many hosts; "
            "name each host that people use, such as desk.example.com"
        )
    return served_host(text)


def host_or_network(text: str) -> str:
    """A name in small letters, as it is compared, or a network of addresses."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        if not _is_host(text):
            raise Unfit(
                f"names {shown(text)}; use host names, addresses or networks such as "
                "10.0.0.0/8, separated by commas"
            ) from None
        return text.lower()
    if network.prefixlen < WIDEST[network.version]:
        raise Unfit(
            f"names {network}, wider than any network of one's own, so that nothing "
            "would be guarded; name the hosts or networks that are meant"
        )
    return str(network)


def origin(text: str) -> str:
    """As browsers write it: small letters, no default port, nothing behind."""
    parts = address(text)
    if parts is None or parts.scheme not in WEB or _more_than_origin(parts, text):
        raise Unfit(
            f"names {shown(text)}; use exact origins: http(s)://host or "
            "http(s)://host:port, nothing behind, never * and never null"
        )
    place = parts.netloc.lower()
    if (parts.scheme, parts.port) in DEFAULT_PORTS:
        place = place.rpartition(":")[0]
    return f"{parts.scheme}://{place}"


def _more_than_origin(parts: SplitResult, text: str) -> bool:
    return bool(parts.path.rstrip("/")) or _more_than_place(parts, text)


def _more_than_place(parts: SplitResult, text: str) -> bool:
    return any(letter in text for letter in "?#") or "@" in parts.netloc


def public_origin(text: str) -> str:
    """Where people go."""
    place = origin(text)
    host = urlsplit(place).hostname or ""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - refused, not bound
        raise Unfit(f"is {place}, which leads nowhere; set it to what people type")
    return place


def secure_public_origin(text: str) -> str:
    """Of an installation that people rely on."""
    if not text:
        raise Unfit("is missing; set it to the https:// address that people use")
    if not public_origin(text).startswith("https://"):
        raise Unfit(
            f"is {shown(text)}, so cookies and passwords travel in the open; "
            "set it to the https:// address that people use"
        )
    return public_origin(text)


def secure_origin(text: str) -> str:
    """Of somebody else, whose pages reach us."""
    if not origin(text).startswith("https://"):
        raise Unfit(
            f"names {shown(text)}, whose pages anybody between may change; "
            "use https:// origins"
        )
    return origin(text)


def web_address(text: str) -> str:
    parts = address(text)
    if parts is None or parts.scheme not in WEB:
        raise Unfit("is no address; use http(s)://host/path")
    return text


def static_place(text: str) -> str:
    parts = address(text)
    local = text.startswith("/") and not text.startswith("//")
    of_a_cdn = parts and parts.scheme in WEB and not _more_than_place(parts, text)
    if not text.endswith("/") or not (local or of_a_cdn):
        raise Unfit(f"is {shown(text)}; use /static/, or https://host/path/ of a CDN")
    first = text.split("/")[1]
    if local and (not first or first in OUR_PATHS):
        raise Unfit(f"is {text}, where pages are; use /static/ or another free path")
    return text


def secure_static_place(text: str) -> str:
    """Scripts of a page that people rely on."""
    if text.startswith("http://"):
        raise Unfit(
            f"is {shown(text)}, whose scripts anybody between may change; "
            "use /static/, or https://host/path/ of a CDN"
        )
    return static_place(text)


def backup_place(text: str) -> str:
    """A folder, by its path or file:// address, or s3://bucket/prefix."""
    folder = text.removeprefix("file://")
    if "://" not in folder:
        return folder
    if not BUCKET.fullmatch(text):
        raise Unfit(
            f"is {shown(text)}; use a folder's path, or s3://bucket/prefix (a bucket's name "
            "is 3 to 63 small letters, digits, . and -)"
        )
    return text.rstrip("/")


def commit(text: str) -> str:
    if not COMMIT.fullmatch(text):
        raise Unfit(
            f"is {text!r}; give all 40 digits of `git rev-parse HEAD`, or nothing"
        )
    return text


def version(text: str) -> str:
    if not VERSION.fullmatch(text):
        raise Unfit(f"is {text!r}; use letters, digits and . + _ -, such as 1.4.0")
    return text


def address(text: str, *, needs_host: bool = True) -> SplitResult | None:
    """The parts of a URL; None when it cannot be one, its port included."""
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
        fits = parts.port != 0 and bool(parts.scheme)
    except ValueError:
        return None
    if host and not (_is_host(host) or host.lower().startswith("%2f")):
        return None
    return parts if fits and (host or not needs_host) else None


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(HOST.fullmatch(text)) and not text.replace(".", "").isdecimal()
    return True
