"""The proxy's own certificate: of the name that it is asked by, and never let to end."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

SCRIPT = Path(__file__).parents[2] / "deploy" / "nginx" / "certificate.sh"


def look(folder: Path, origin: str = "https://desk.example.com") -> str:
    done = subprocess.run(
        ["sh", str(SCRIPT)],
        env={**os.environ, "CERTIFICATE_DIR": str(folder), "PUBLIC_ORIGIN": origin},
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


def served(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "tls.crt").read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "certificate"
    place.mkdir()
    return place


@pytest.mark.parametrize(
    ("origin", "kind", "name"),
    [
        ("https://desk.example.com", x509.DNSName, "desk.example.com"),
        ("https://desk.example.com:8443", x509.DNSName, "desk.example.com"),
        ("https://10.0.0.7", x509.IPAddress, "10.0.0.7"),
        ("https://10.0.0.7:8443", x509.IPAddress, "10.0.0.7"),
        ("https://[2001:db8::7]:8443", x509.IPAddress, "2001:db8::7"),
    ],
)
def test_it_is_of_what_stands_in_the_address(
    folder: Path, origin: str, kind: type, name: str
) -> None:
    assert "made a certificate" in look(folder, origin)
    names = served(folder).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(value) for value in names.value.get_values_for_type(kind)] == [name]
    assert (folder / "tls.key").stat().st_mode & 0o077 == 0
    assert (folder.parent / "tls.crt").resolve() == folder / "tls.crt"


def test_one_that_lasts_stays(folder: Path) -> None:
    look(folder)
    before = served(folder).serial_number
    assert look(folder) == ""
    assert served(folder).serial_number == before


def short_lived(folder: Path) -> int:
    """One that ends in a week, in place of what is there."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "7"),
            *("-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=desk.example.com"),
            *("-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt")),
        ],
        check=True,
        capture_output=True,
    )
    return served(folder).serial_number


def test_our_own_is_made_anew_before_it_ends(folder: Path) -> None:
    look(folder)
    old = short_lived(folder)
    digest = subprocess.run(
        ["sha256sum"],
        stdin=(folder / "tls.crt").open(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[0]
    own = (folder / "own").read_text().split()
    (folder / "own").write_text(" ".join([digest, *own[1:]]) + "\n")
    assert "made a certificate" in look(folder)
    assert served(folder).serial_number != old
    left = served(folder).not_valid_after_utc - datetime.now(UTC)
    assert left > timedelta(days=300)


def test_somebody_s_own_is_left_alone_and_said(folder: Path) -> None:
    look(folder)
    theirs = short_lived(folder)
    assert "ends within 30 days" in look(folder)
    assert served(folder).serial_number == theirs


def test_another_address_gets_another_one(folder: Path) -> None:
    look(folder)
    look(folder, "https://10.0.0.7")
    name = served(folder).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0]
    assert name.value == "10.0.0.7"
