"""Which tests stay together on one of xdist's workers.

xdist's own groups (`xdist_group`) go by a suffix of the node id, which the pytest
that we use does not let it write: two workers then drove one product's database.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from xdist.scheduler import LoadScopeScheduling

# A folder whose tests share one product, or the machine's patience. Longest first.
ONE_WORKER = ("e2e", "processes", "api_in_use", "faults", "pixels")


def group(node_id: str) -> str:
    """The folder that shares a product, else the file."""
    path = PurePosixPath(node_id.partition("::")[0])
    return str(path.parent if path.parent.name in ONE_WORKER else path)


def turn(folder: str) -> int:
    """When a folder begins: what is long and cannot be shared out must not begin last."""
    return ONE_WORKER.index(folder) if folder in ONE_WORKER else len(ONE_WORKER)


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole groups, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def make_scheduler(config: Any, log: Any) -> Scheduler:
    config.option.loadscopereorder = False
    return Scheduler(config, log)
