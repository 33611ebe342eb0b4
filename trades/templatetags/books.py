"""What pages call the books that a person reads."""

from __future__ import annotations

from django import template

from trades.queries.books import reads_every_book

register = template.Library()


@register.simple_tag(takes_context=True)
def all_books(context: template.Context) -> str:
    """Whose all of them are."""
    everybodys = reads_every_book(context["user"])
    return "All books of the desk" if everybodys else "All my books"
