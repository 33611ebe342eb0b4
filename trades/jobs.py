"""Jobs: facts get the worth that they wait for, lots that left an own book follow its
matches into the other, long files get into their books."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from kernel.display import plural
from kernel.registry import Params, job
from trades.models import Book
from trades.services import (
    attempts,
    healing,
    import_runs,
    pruning,
    regenerating,
    words,
)
from trades.services.between_books import carry_on
from trades.services.staging import JOB
from trades.services.waiting import JOB as REMATCH


@job(
    "trades-valuations",
    title="Worth of what waits for a price",
    schedule="every 1h",
    timeout=timedelta(minutes=30),
    follows=("book", "prices"),
)
def trades_valuations(params: Params) -> str:
    """Value foreign fees, income and coins in kind that wait for a price or rate, or
    that had it from one that was voided, and carry lots on to own books: of one book,
    or of all."""
    books = Book.objects.order_by("pk")
    if "book" in params:
        books = books.filter(pk=int(params["book"]))
    valued = sum(healing.heal(book) for book in books)
    carried = sum(carry_on(book) for book in books)
    return f"{valued} facts valued, {carried} movements between books carried on"


@job(
    JOB,
    title="Import of files of trades",
    schedule="every 10m",
    timeout=timedelta(hours=1),
)
def trades_import(params: Params) -> str:
    """Read a file, and book it once that was agreed to; by schedule, look whether
    one stands still."""
    if "import" in params:
        return import_runs.run(UUID(params["import"]))
    return f"{import_runs.resume()} imports are under way"


@job(
    REMATCH,
    title="Late facts matched again",
    schedule="every 10m",
    timeout=timedelta(hours=1),
)
def trades_rematch(params: Params) -> str:
    """Match again the pairs of a book whose facts wait for it, because they came too
    late to be matched at once; by schedule, whatever a lost run left."""
    if "book" in params:
        books = list(Book.objects.filter(pk=int(params["book"])))
    else:
        books = list(attempts.unfinished())
    joined = sum(regenerating.regenerate(book) for book in books)
    return f"{joined} facts joined after their pairs were matched again"


@job(
    "trades-words",
    title="Index of words of trades",
    schedule="every 10m",
    timeout=timedelta(hours=1),
)
def trades_words(params: Params) -> str:
    """Take new trades into the index by which their words are searched."""
    return f"{plural(words.index_words(), 'trade')} looked at for the index of words"


@job(
    "trades.prune", title="Cleaning up files nobody booked", schedule="daily 03:50 UTC"
)
def trades_prune(params: Params) -> str:
    """Forget files that were handed in and that nobody booked within 7 days."""
    return f"Forgot {plural(pruning.prune(timezone.now()), 'file')} that nobody booked"
