"""Comments: said about an item, never signed."""

from __future__ import annotations

import secrets

from django.db import transaction

from accounts.models import User
from audit import services as audit
from audit.domain.canonical import salted_hex
from kernel.cache import bump
from kernel.errors import FieldError, Invalid
from readiness.models import Comment, ReviewItem
from readiness.queries.reviews import object_of
from readiness.services.reviews import tag_of

LONGEST_COMMENT = 5_000


def comment(item: ReviewItem, text: str, by: User) -> Comment:
    """Raises Invalid for an empty one, and for one that is too long."""
    said = text.strip()
    if not said:
        raise Invalid("Say something.", code="empty")
    if len(said) > LONGEST_COMMENT:
        limit = f"at most {LONGEST_COMMENT:,} characters, these are {len(said):,}"
        raise Invalid.of([FieldError("/text", "length", limit)])
    with transaction.atomic():
        row = Comment.objects.create(
            review_item=item, author=by, text=said, salt=secrets.token_bytes(32)
        )
        audit.append(
            "readiness.item.commented",
            actor=by.actor,
            object=object_of(item.review),
            data={
                "item": str(item.pk),
                "key": item.item.key,
                "comment": str(row.pk),
                "text_hmac": salted_hex(bytes(row.salt), said),
            },
        )
        bump(tag_of(item.review))
    return row
