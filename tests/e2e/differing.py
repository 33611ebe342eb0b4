"""Reviews whose rows say something else than the log, beside a product that runs.

Run by `manage.py shell` on its database: two reviews of a checklist of their own, one
deployed, one living, and the release of the demo's own review, which `mend` gives back.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from readiness.models import (
    Evidence,
    FollowUp,
    Item,
    Review,
    ReviewItem,
    Signoff,
    Transition,
)
from readiness.queries.logged import newest_living
from readiness.services.importing import Importing, import_template
from readiness.services.lifecycle import deploy
from readiness.services.publishing import publish
from readiness.services.reviews import NewReview, open_review
from tests.readiness import approving

CHECKLIST = b"""# A desk of liars

## Security

- [ ] Somebody knows whom to call at night

## Post-deployment monitoring

### First 24 Hours

- [ ] Errors stay low

### First Month

- [ ] Costs were looked at
"""
SIGNERS = {
    "developer": "Developer",
    "security": "Security Engineer",
    "devops": "DevOps Engineer",
    "lead": "Technical Lead",
    "owner": "Product Owner",
}


def lie() -> None:
    """Prints {what: address}."""
    people = {name: User.objects.get(username=name) for name in SIGNERS}
    draft = import_template(CHECKLIST, Importing(checks={}), people["lead"])
    version = publish(draft, people["lead"])
    deployed, living = (
        open_review(NewReview(version, release, "ab" * 20, "demo"), people["developer"])
        for release in ("7.0", "7.1")
    )
    for name in ("PASSWORD", "PHRASE"):
        setattr(approving, name, settings.DEMO_PASSWORD)
    by_role = {
        name: people[login]
        for name, login in zip(approving.SIGNERS, people, strict=True)
    }
    for review in (deployed, living):
        approving.approve(review, by_role)
    deploy(deployed, people["devops"])
    of_deployed(deployed)
    of_living(living)
    shown = newest_living()
    assert shown is not None
    Review.objects.filter(pk=shown.pk).update(release=f"{shown.release}-forged")
    line = ReviewItem.objects.get(review=living, item__key="SEC-01")
    page = f"/readiness/reviews/{living.uuid}/"
    addresses = {
        "review": page,
        "line": f"{page}items/{line.pk}/",
        "sign": f"{page}sign/?role=Developer",
        "verify": f"{page}verify/",
        "lines": f"{page}lines/",
        "diff": f"{page}diff/",
        "lifecycle": f"/readiness/reviews/{deployed.uuid}/lifecycle/",
        "deployed": f"/readiness/reviews/{deployed.uuid}/",
        "checklist": f"/readiness/templates/versions/{version.pk}/",
        "pdf": f"/api/readiness/reviews/{living.uuid}/pdf",
        "shown": str(shown.pk),
    }
    sys.stdout.write(json.dumps(addresses))


def of_deployed(review: Review) -> None:
    Transition.objects.filter(review=review).update(reason="as everybody wanted")
    FollowUp.objects.filter(review=review, window="24 hours").update(
        done_at=timezone.now(), done_by=User.objects.get(username="owner"), note="calm"
    )
    FollowUp.objects.filter(review=review, window="1 month").delete()


def of_living(review: Review) -> None:
    lines = ReviewItem.objects.filter(review=review)
    lines.update(claimed=True, claimed_by=User.objects.get(username="owner"))
    Evidence.objects.filter(review_item__in=lines).update(
        blob_sha256="0" * 64, observed_at=timezone.now() + timedelta(hours=1)
    )
    signed = Signoff.objects.filter(review=review)
    signed.filter(role="Developer").update(signer=User.objects.get(username="admin"))
    signed.filter(role="Security Engineer").update(envelope=b"{}")
    signed.filter(role="Product Owner").delete()
    Item.objects.filter(version=review.version, section__kind="monitoring").update(
        title="All is well"
    )


def mend(shown: str) -> None:
    review = Review.objects.get(pk=shown)
    Review.objects.filter(pk=shown).update(
        release=review.release.removesuffix("-forged")
    )
