"""Closed round trips: what each came to against how long it took, and when they were
closed in the week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from kernel.display import age, change
from kernel.drawing import Drawn
from kernel.numbers import ZERO
from kernel.scales import compact
from kernel.scatter import Spot, scatter
from portfolio.domain.trips import Trip
from portfolio.pages.words import money_label
from portfolio.queries.performance import Performance

MOST_SPOTS = 250  # more hide one another
EXTREMES = 80
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = range(24)
STEPS = 3  # of colour, up to the largest hour of the week


@dataclass(frozen=True, kw_only=True)
class TripSpots:
    """The drawing, and how many of how many round trips it holds."""

    chart: Drawn
    shown: int
    total: int


def trip_spots(performance: Performance) -> TripSpots | None:
    """None without a round trip."""
    trips, currency = performance.metric_set.trips, performance.scope.currency
    if not trips:
        return None
    kept = shown_trips(trips)
    chart = scatter(
        [_spot(trip, currency) for trip in kept],
        name="trips",
        title="Net P&L of round trips against how long they were open",
        description=f"{len(kept)} of {len(trips)} round trips. The file holds them all.",
        label=money_label(currency),
    )
    return TripSpots(chart=chart, shown=len(kept), total=len(trips))


def shown_trips(trips: Sequence[Trip]) -> list[Trip]:
    """All, or the largest either way and of the rest every so many."""
    if len(trips) <= MOST_SPOTS:
        return list(trips)
    ordered = sorted(trips, key=lambda trip: -abs(trip.net))
    rest = ordered[EXTREMES:]
    step = -(-len(rest) // (MOST_SPOTS - EXTREMES))
    return [*ordered[:EXTREMES], *rest[::step]]


def _spot(trip: Trip, currency: str) -> Spot:
    took = trip.closed_at - trip.opened_at
    trade = f"{trip.symbol} {trip.side}, {age(took.total_seconds())}"
    label = f"{trade}: {change(trip.net, currency)}"
    return Spot(took=took, value=trip.net, label=label)


# --- the week ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCell:
    """What round trips that were closed in an hour of the week came to."""

    bucket: str
    shown: str
    title: str


def week_rows(performance: Performance) -> list[tuple[str, list[HourCell]]]:
    """Seven days of 24 cells, in the books' zone; none without a round trip."""
    nets, currency = nets_by_hour(performance), performance.scope.currency
    if not nets:
        return []
    largest = max(abs(sum(each, ZERO)) for each in nets.values())
    return [
        (
            name,
            [_cell(nets.get((day, hour), []), largest, currency) for hour in HOURS],
        )
        for day, name in enumerate(WEEKDAYS)
    ]


def nets_by_hour(performance: Performance) -> dict[tuple[int, int], list[Decimal]]:
    """{(weekday from Monday 0, hour of closing): the round trips' nets}, in the books'
    zone; hours without one are left out."""
    nets: dict[tuple[int, int], list[Decimal]] = defaultdict(list)
    zone = ZoneInfo(performance.scope.zone)
    for trip in performance.metric_set.trips:
        closed = trip.closed_at.astimezone(zone)
        nets[closed.weekday(), closed.hour].append(trip.net)
    return nets


def _cell(nets: Sequence[Decimal], largest: Decimal, currency: str) -> HourCell:
    if not nets:
        return HourCell(bucket="none", shown="", title="")
    net = sum(nets, ZERO)
    size = -int(-abs(net) * STEPS // largest) if largest else 0
    way = "gain" if net > 0 else "loss"
    many = "1 round trip" if len(nets) == 1 else f"{len(nets)} round trips"
    return HourCell(
        bucket=f"{way}-{max(1, min(STEPS, size))}" if net else "none",
        shown=compact(net, 2),
        title=f"{change(net, currency)}, {many}",
    )
