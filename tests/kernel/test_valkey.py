"""The embedded Valkey comes back when its folder or its socket was tidied away."""

from __future__ import annotations

import subprocess
from pathlib import Path

from kernel import valkey
from tests.served import until


def test_a_folder_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    command = valkey.command(tmp_path)
    (tmp_path / "valkey").rmdir()
    refused = subprocess.run(command, capture_output=True, check=False, timeout=30)
    assert refused.returncode > 0
    assert valkey.mend(tmp_path) == f"{tmp_path / 'valkey'} was gone, and is made anew"
    with subprocess.Popen(command) as running:
        try:
            assert until(30, lambda: not valkey.lost_socket(tmp_path))
        finally:
            running.kill()


def test_a_socket_that_was_removed_is_missed(tmp_path: Path) -> None:
    path = valkey.socket_path(tmp_path)
    path.touch()
    assert valkey.lost_socket(tmp_path) == ""
    path.unlink()
    assert valkey.lost_socket(tmp_path) == f"{path} is gone"
