"""Names of actors, kept for a minute: an activity list asks for the same few."""

from __future__ import annotations

from collections.abc import Collection

from django.core.cache import cache

from accounts.domain.roles import ROLES
from accounts.models import User
from kernel.registry import actor_names
from readiness.models import Review

KEEP_SECONDS = 60


def names(actors: set[str]) -> dict[str, str]:
    """{"p:7": "developer"}; jobs and the system go by their own names."""
    keys = {f"actor:{actor}": actor for actor in actors}
    known = {keys[key]: name for key, name in cache.get_many(list(keys)).items()}
    people = {actor for actor in actors - set(known) if actor[:2] in {"p:", "s:"}}
    if people:
        fresh = actor_names(people)
        cache.set_many(
            {f"actor:{actor}": name for actor, name in fresh.items()}, KEEP_SECONDS
        )
        known.update(fresh)
    return {actor: known.get(actor, _spoken(actor)) for actor in actors}


def _spoken(actor: str) -> str:
    """A job's name as people write: "readiness evidence"."""
    return actor.removeprefix("j:").replace("_", " ").replace("-", " ")


def workers() -> list[str]:
    """The usernames of who works on reviews: one query."""
    roles = [role for role, may in ROLES.items() if "readiness.claim" in may]
    rows = User.objects.filter(groups__name__in=roles, is_active=True, is_service=False)
    return list(rows.order_by("username").values_list("username", flat=True).distinct())


def persons(actors: Collection[str]) -> dict[str, User]:
    """Who is meant by "p:7": one query, none for nobody."""
    ids = [actor[2:] for actor in actors if actor.startswith("p:")]
    rows = User.objects.filter(pk__in=ids) if ids else ()
    return {person.actor: person for person in rows}


def owners_of(review: Review) -> dict[str, str]:
    """{section's slug: username}; what was kept as a username before is one still. One
    query where a section has an owner: lines are theirs by it, so no name is old."""
    kept = {slug: str(owner) for slug, owner in review.owners.items()}
    if not kept:
        return {}
    called = actor_names({owner for owner in kept.values() if owner.startswith("p:")})
    return {slug: called.get(owner, owner) for slug, owner in kept.items()}


def person_called(username: str) -> User | None:
    return User.objects.filter(username=username).first()
