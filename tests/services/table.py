"""What plain processes have instead of an engine: the one table of differences.

Names of services become 127.0.0.1 and a free port, mounted folders temporary ones, and
each instance of a service has a port of its own. Nothing else of docker-compose.yml is
changed; test_table.py compares the table with the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.served import free_port

WEB_INSTANCES = 2
# port inside -> service; and where a process of ours is asked to listen.
PORTS = {
    "5432": "postgres",
    "6379": "redis",
    "8000": "web",
    "8443": "nginx",
    "8080": "nginx",
}
EVERYWHERE = "0.0.0.0"  # noqa: S104
# Mounted inside -> whose it is: the service's user writes there.
FOLDERS = (
    "/state",
    "/metrics",
    "/proxy",
    "/certificate",
    "/data",
    "/var/lib/postgresql/data",
    "/var/run/postgresql",
)


@dataclass
class Differences:
    """The differences of one run of the services, under `folder`."""

    folder: Path
    web: list[int] = field(
        default_factory=lambda: [free_port() for _ in range(WEB_INSTANCES)]
    )
    ports: dict[str, int] = field(
        default_factory=lambda: {port: free_port() for port in PORTS if port != "8000"}
    )

    def place(self, inside: str, instance: int = 0) -> Path:
        """A mounted folder; that of metrics is memory of one instance."""
        own = f"-{instance}" if inside == "/metrics" else ""
        return self.folder / "mounted" / (inside.strip("/").replace("/", "-") + own)

    def entries(self, service: str, instance: int = 0) -> dict[str, str]:
        """What is replaced in the words of this instance of a service, and by what."""
        every_web = " ".join(f"127.0.0.1:{port}" for port in self.web)
        named = {
            f"{PORTS[port]}:{port}": f"127.0.0.1:{free}"
            for port, free in self.ports.items()
        }
        return {
            **named,
            # The engine's name leads to every instance; only the proxy takes them all.
            "web:8000": every_web if service == "nginx" else every_web.split()[0],
            EVERYWHERE: "127.0.0.1",
            **{port: str(free) for port, free in self.ports.items()},
            "8000": str(self.web[instance]),
            **{inside: str(self.place(inside, instance)) for inside in FOLDERS},
        }

    def apply(self, text: str, service: str, instance: int = 0) -> str:
        entries = self.entries(service, instance)
        longest_first = sorted(entries, key=len, reverse=True)
        pattern = "|".join(re.escape(key) for key in longest_first)
        return re.sub(
            rf"(?<![\w-])({pattern})(?![\w-])", lambda match: entries[match[1]], text
        )
