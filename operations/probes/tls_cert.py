"""The certificate under which people reach the product."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings

from kernel.certificates import certificates
from kernel.registry import Measurement, Params, probe


@probe(
    "tls_cert",
    title="The certificate is good and does not end soon",
    freshness=timedelta(hours=6),
    every=timedelta(hours=3),
)
def tls_cert(params: Params) -> Measurement:
    """Whole days until the first certificate ends at any address of PUBLIC_ORIGIN; 0
    where one is not believed or nobody answers."""
    public = urlsplit(settings.PUBLIC_ORIGIN or "")
    if public.scheme != "https" or not public.hostname:
        return Measurement.uncollected("PUBLIC_ORIGIN is no https:// address: no TLS")
    try:
        shown = list(certificates(public.hostname, public.port or 443))
    except OSError as error:
        return Measurement("0", f"{public.hostname}: {error}", "days")
    faults = [f"{each.address}: {each.fault}" for each in shown if each.fault]
    days = 0 if faults else int(min(each.days for each in shown))
    said = "; ".join(faults) or f"good at {len(shown)} addresses of {public.hostname}"
    return Measurement(str(max(0, days)), said, "days", {"addresses": str(len(shown))})
