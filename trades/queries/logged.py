"""Under which names the log tells of a trade."""

from __future__ import annotations

from django.db.models import Max, Min

from trades.models import Fill

AT_ONCE = 2_000  # ids that those of one call, at most 1,000, lie apart


def logged_as(fill: Fill) -> list[str]:
    """The objects under which the log tells of this fill: itself, its batch, or the
    call that booked it among others. A query, and one for each correction."""
    booked, objects = fill, [f"trade:{fill.pk}"]
    while booked.replaces_id is not None:
        booked = Fill.objects.get(pk=booked.replaces_id)
        objects.append(f"trade:{booked.pk}")
    if fill.batch_id:
        return [*objects, f"import:{fill.batch_id}"]
    near = (booked.pk - AT_ONCE, booked.pk + AT_ONCE)
    together = Fill.objects.filter(
        pk__range=near,
        book=fill.book_id,
        recorded_at=fill.recorded_at,
        replaces=None,
    )
    ids = together.aggregate(first=Min("id"), last=Max("id"))
    if ids["first"] != ids["last"]:
        objects.append(f"trades:{ids['first']}-{ids['last']}")
    return objects
