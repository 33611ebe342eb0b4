"""What the index of words has not seen yet."""

from __future__ import annotations

from django.db import models

from trades.models.books import Book


class UnindexedFills(models.Model):
    """The fills of a book from `first` to `last` are looked at one by one when words
    are searched, until a job has taken them into the index. Written in the transaction
    that books them, so that none is ever in neither."""

    book = models.OneToOneField(
        Book, on_delete=models.CASCADE, primary_key=True, related_name="unindexed"
    )
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "unindexed fills"

    def __str__(self) -> str:
        return f"{self.book_id}: {self.first}-{self.last}"
