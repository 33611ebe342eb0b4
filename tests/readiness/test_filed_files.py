"""Files of evidence that are not taken: each refusal says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from readiness.domain.filed_files import refusal
from readiness.models import Evidence, Review
from readiness.queries.board import board

PNG = b"\x89PNG\r\n\x1a\n rest"
DTD = b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
ZIP, GZIP = b"PK\x03\x04" + bytes(30), b"\x1f\x8b\x08" + bytes(10)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tool", b"\x7fELF\x02", "are taken"),
        ("tool.exe", b"MZ\x90", "are taken"),
        ("a.zip", ZIP, "are taken"),
        ("a.docx", ZIP, "are taken"),
        ("a.log.gz", GZIP, "are taken"),
        ("page.html", b"<p>", "are taken"),
        ("drawing.svg", b"<svg/>", "are taken"),
        ("shot.gif", b"GIF89a", "are taken"),
        ("notes.txt\u202e.exe", b"hi", "are taken"),
        ("notes.txt", b"#!/bin/sh\nrm -r x", "is a program"),
        ("notes.txt", b"\xef\xbb\xbf <!DOCTYPE HTML><script>", "or a page"),
        ("drawing.xml", b"<svg onload='alert(1)'/>", "or a page"),
        ("notes.txt", ZIP, "is no text"),
        ("shot.png", b"<script>", "is no .png file"),
        ("shot.JPG", PNG, "is no .jpg file"),
        ("shot.webp", b"RIFF1234WAVE", "is no .webp file"),
        ("paper.pdf", b"PK\x03\x04", "is no .pdf file"),
        ("notes.csv", b"a,b\0c", "is no text"),
        ("notes.md", b"Gr\xfc\xdfe", "is no text in UTF-8"),
        ("report.xml", b"<a><b></a>", "is no whole XML"),
        ("report.xml", b'<?xml version="1.0" encoding="x-none"?><a/>', "no whole XML"),
    ],
)
def test_what_is_not_what_its_name_says_or_acts_is_refused(
    name: str, content: bytes, said: str
) -> None:
    fault = refusal(name, content)
    assert fault is not None
    assert fault.code == "type"
    assert said in fault.detail


@pytest.mark.parametrize(
    ("name", "content", "stated"),
    [
        ("shot.png", PNG, "text/html"),
        ("shot.png", PNG, "image/svg+xml"),
        ("notes.txt", b"hi", "text/html"),
        ("notes.txt", b"hi", "image/png"),
    ],
)
def test_the_type_that_it_is_sent_with_must_agree(
    name: str, content: bytes, stated: str
) -> None:
    fault = refusal(name, content, stated)
    assert fault is not None
    assert stated in fault.detail


@pytest.mark.parametrize(
    "declared",
    [DTD, b"<?xml version='1.0'?>" + DTD, b'<!DOCTYPE a SYSTEM "file:///x"><a/>'],
)
def test_xml_that_declares_entities_is_refused(declared: bytes) -> None:
    fault = refusal("report.xml", declared, "text/xml")
    assert fault is not None
    assert fault.code == "entities"


@pytest.mark.parametrize(
    ("name", "content", "stated"),
    [
        ("shot.png", PNG, "image/png"),
        ("SHOT.JPEG", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("shot.webp", b"RIFF\n\r\n\0WEBPVP8 ", ""),
        ("paper.pdf", b"%PDF-1.7", "application/octet-stream"),
        ("notes.md", "Grüße — 日本".encode(), "text/markdown"),
        ("run.log", b"\x1b[32mok\x1b[0m\r\n\tdone", ""),
        ("table.csv", b"a,b", "application/vnd.ms-excel"),
        ("answer.json", b"{}", "application/json"),
        ("report.xml", b"<?xml version='1.0'?><a>&amp;</a>", "application/xml"),
    ],
)
def test_what_people_file_is_taken(name: str, content: bytes, stated: str) -> None:
    assert refusal(name, content, stated) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content", "type_", "said"),
    [
        ("tool", b"\x7fELF\x02", "", "are taken"),
        ("large.txt", b"1" * 11_000_000, "text/plain", "at most 10,000,000 bytes"),
        ("shot.png", PNG, "text/html; charset=utf-8", "sent as text/html"),
        ("report.xml", DTD, "text/xml", '"entities"'),
    ],
)
def test_the_api_says_why(
    review: Review,
    ada: User,
    client_of: Callable[[User], Client],
    name: str,
    content: bytes,
    type_: str,
    said: str,
) -> None:
    line = board(review, timezone.now()).by_key["PRF-02"]
    body = {"kind": "file", "summary": "a file"}
    answer = client_of(ada).post(
        f"/api/readiness/items/{line.id}/evidence",
        {**body, "file": SimpleUploadedFile(name, content, type_)},
    )
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"text": "it ran"}, "output"),
        ({"link": "https://ci.example.com/1"}, "link"),
        ({"text": "it ran", "link": "https://ci.example.com/1"}, None),
        ({}, None),
    ],
)
def test_what_is_sent_says_what_it_is(
    review: Review,
    ada: User,
    client_of: Callable[[User], Client],
    sent: dict[str, str],
    kind: str | None,
) -> None:
    line = board(review, timezone.now()).by_key["PRF-02"]
    answer = client_of(ada).post(
        f"/api/readiness/items/{line.id}/evidence",
        {"summary": "s", **sent},
        content_type="application/json",
    )
    if kind is None:
        assert answer.status_code == 422
        assert "Send one of" in answer.json()["detail"]
        assert not Evidence.objects.exists()
    else:
        assert answer.status_code == 201
        assert Evidence.objects.get().kind == kind
