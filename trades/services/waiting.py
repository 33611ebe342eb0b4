"""Facts that are too late to be matched at once: they wait, and with them everything
of their pairs that comes meanwhile, for the job that writes the pairs anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db.models import F, QuerySet

from operations.services import scheduler
from trades.models import Book, Fill, Generation, Instrument, Transfer
from trades.queries.facts import ROWS
from trades.queries.generations import Generations
from trades.services.following import Arrivals
from trades.services.pairs import undone_by

JOB = "trades-rematch"
MOST_AT_ONCE = 5_000  # matches that one transaction undoes, in all its pairs


def too_many(book: Book, since: Mapping[Instrument, datetime]) -> bool:
    """Whether matching these pairs again would hold the book's lock too long."""
    return undone_by(book, since, MOST_AT_ONCE) > MOST_AT_ONCE


def pairs_to_wait(news: Arrivals, generations: Generations) -> set[Instrument]:
    """The pairs whose new facts have to wait: those that wait already, all that are
    late where that is too much, and whatever their facts touch besides."""
    wait = generations.waiting({*news.by_pair, *news.late})
    if wait & set(news.turned):
        wait |= set(news.turned)
    if news.late and too_many(news.book, news.late):
        wait |= set(news.late)
    while wait:
        fills, transfers = news.of_pairs(wait)
        facts: list[Fill | Transfer] = [*fills, *transfers]
        more = {pair for fact in facts for pair in news.touched(fact)}
        if more <= wait:
            break
        wait |= more
    return wait


def postpone(book: Book, pairs: Iterable[Instrument]) -> None:
    """Let pairs wait for the job, which is asked for. Their facts carry what they
    become. The book is locked."""
    _let_wait(book, pairs)
    ask(book)


def postpone_both(waiting: Mapping[Book, Collection[Instrument]]) -> None:
    """`postpone` for the two books of a movement, which change together: what the job
    is working out of either is void."""
    for book, pairs in waiting.items():
        _let_wait(book, pairs)
        disturb(book, pairs)
    ask(min(waiting, key=lambda book: book.pk))


def ask(book: Book) -> None:
    """Ask for the job."""
    scheduler.request(JOB, str(book.pk), {"book": str(book.pk)})


def _let_wait(book: Book, pairs: Iterable[Instrument]) -> None:
    for pair in pairs:
        Generation.objects.get_or_create(book=book, instrument=pair)
    _of(book, pairs).update(waits=True)


def must_wait(book: Book, since: Mapping[Instrument, datetime]) -> bool:
    """Whether what is new of the market has to wait in these pairs of the locked book:
    one of them waits already, or all together are too many."""
    return bool(Generations(book).waiting(since)) or too_many(book, since)


def postpone_market(
    books: Collection[Book], pairs: Collection[Instrument], known_at: datetime
) -> None:
    """Let these pairs of locked books wait with the splits and worths that they had at
    a time, which count on until the job has matched them again. Whoever asks for the
    job does it when all is recorded. A few queries, whatever the number of books."""
    if not books or not pairs:
        return
    new = [Generation(book=book, instrument=pair) for book in books for pair in pairs]
    Generation.objects.bulk_create(new, batch_size=ROWS, ignore_conflicts=True)
    rows = Generation.objects.filter(book__in=books, instrument__in=pairs)
    rows.filter(market_at=None).update(market_at=known_at)
    rows.update(waits=True, last=F("last") + 1)


def disturb(book: Book, pairs: Iterable[Instrument]) -> None:
    """What counts in these pairs has changed: what the job is working out is void,
    and it begins again."""
    _of(book, pairs).update(last=F("last") + 1)


def _of(book: Book, pairs: Iterable[Instrument]) -> QuerySet[Generation]:
    ids = [pair.pk for pair in pairs]
    return Generation.objects.filter(book=book, instrument__in=ids)
