"""The product's few typed errors: whose fault it is and what to do next.

Pure: knows no framework. kernel.problems turns them into problem+json (RFC 9457),
kernel.error_pages into a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with the input: where (JSON pointer or line), code, words."""

    pointer: str
    code: str
    detail: str


def summary(errors: Sequence[FieldError], *, most: int = 3) -> str:
    """The first faults in one line: "price: must be more than 0.; side: …"."""
    return "; ".join(
        f"{fault.pointer.strip('/')}: {fault.detail}".removeprefix(": ")
        for fault in errors[:most]
    )


@dataclass(eq=False)
class ProductError(Exception):
    """Base of all errors that a person or client is told about.

    `detail` is a plain sentence, `errors` names the fields or lines, `extra`
    joins the problem document (such as `current` of a conflict), `retry_after`
    is in seconds.
    """

    detail: str
    code: str = ""
    errors: Sequence[FieldError] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    retry_after: int | None = None

    status = 500
    title = "Our fault"

    def __str__(self) -> str:
        return self.detail


class BadRequest(ProductError):
    """The request is malformed: it can never work as sent."""

    status = 400
    title = "Malformed request"


class NotAuthenticated(ProductError):
    status = 401
    title = "Log in first"


class Forbidden(ProductError):
    """Known person, not allowed; asking again will not help."""

    status = 403
    title = "Your role may not do this"


class PageTooOld(ProductError):
    """A form without a token that is good in this browser now: most often its page was
    open before the last log-in."""

    status = 403
    title = "This page is too old"

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            detail
            or "Its form does not belong to the present log-in of this browser. Nothing "
            "was taken: load the page again, and repeat. What your browser still shows "
            "when you go back was typed by whoever used it then.",
            code="csrf",
        )


class NotFound(ProductError):
    """Not here, or not yours: the two are not told apart."""

    status = 404
    title = "Not here, or not yours"


class WrongMethod(ProductError):
    """The address is there, and takes what a form sends: nothing to look at."""

    status = 405
    title = "Nothing to see at this address"


class RequestTimeout(ProductError):
    """The body did not arrive in time."""

    status = 408
    title = "That came too slowly"


class Conflict(ProductError):
    """Somebody else was first; read the current state and decide again."""

    status = 409
    title = "It has changed meanwhile"


class NameTaken(Conflict):
    """Another thing has this name already."""

    title = "That name is taken"


class Stale(Conflict):
    """The revision that was named is no longer the newest; `current` is how it
    stands now. Answers 409 to a revision in a body or form, 412 to If-Match."""

    def __init__(self, detail: str, *, current: Mapping[str, object]) -> None:
        super().__init__(detail, code="stale_revision", extra={"current": current})


class LengthRequired(ProductError):
    """A body without a Content-Length: the server hands views an empty one."""

    status = 411
    title = "Say how long it is"


class PreconditionFailed(ProductError):
    status = 412
    title = "It has changed meanwhile"


class TooLarge(ProductError):
    status = 413
    title = "Too large"


class UnsupportedMediaType(ProductError):
    status = 415
    title = "In a form that is not read here"


class Invalid(ProductError):
    """Well-formed, but the values break a rule; `errors` names each."""

    status = 422
    title = "Some values cannot be accepted"

    @classmethod
    def of(cls, errors: Sequence[FieldError], *, most: int = 3) -> Invalid:
        """The faults of fields or rows, the first few of them also in the detail."""
        return cls(summary(errors, most=most), code="invalid", errors=errors)


class PreconditionRequired(ProductError):
    status = 428
    title = "Say which revision you change"


class TooManyRequests(ProductError):
    status = 429
    title = "Too many requests"


class Unavailable(ProductError):
    """Something we depend on does not answer; try again later."""

    status = 503
    title = "Not available right now"


class NoRoom(ProductError):
    """A disk is full: what only reads still works."""

    status = 507
    title = "The disk is full"


def bad_parameter(name: str, reason: str, *, code: str = "parameter") -> BadRequest:
    """The 400 that names a query parameter: "offset is 0 to 10,000."."""
    return BadRequest(
        f"{name} {reason}.",
        code=code,
        errors=[FieldError(f"?{name}", "invalid", reason)],
    )


# How the queue stops what does not end; its text is its own name once more.
TOO_LONG = "SoftTimeLimitExceeded"


def said_by(error: BaseException) -> str:
    """What an error says, for people: ours says it already, the system's names a file
    and what was the matter, another's needs its kind."""
    if type(error).__name__ == TOO_LONG:
        return "it took longer than it may"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    speaks = isinstance(error, ProductError | OSError) or type(error) is RuntimeError
    return str(error) if speaks and str(error) else f"{type(error).__name__}: {error}"
