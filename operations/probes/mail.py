"""Would the mail server take what wakes people up?"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from kernel.registry import Measurement, Params, probe
from operations.channels.email import server_refusal


@probe(
    "mail",
    title="The mail server lets us in",
    freshness=timedelta(minutes=30),
    every=timedelta(minutes=10),
)
def mail(params: Params) -> Measurement:
    """Counts faults: a server that is away, or refuses our log-in."""
    refusal = server_refusal()
    if refusal:
        return Measurement("1", refusal, "faults", {"refused": "1"})
    where = "it lets us in" if settings.EMAIL_URL else "mails are files in this demo"
    return Measurement("0", where, "faults", {"refused": "0"})
