"""What is taken as a file of evidence: pictures, PDF and plain text, whose ending, first
bytes and stated type agree. Nothing is ever unpacked. Pure."""

from __future__ import annotations

import io
import re
from pathlib import PurePosixPath
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from kernel.errors import FieldError

# By ending: how such a file begins, and the type that it is stated to have.
PICTURES = {
    ".png": (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    ".jpg": (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    ".jpeg": (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    ".webp": (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    ".pdf": (re.compile(rb"%PDF-"), "application/pdf"),
}
TEXTS = frozenset({".txt", ".md", ".csv", ".json", ".xml", ".log"})
# What is text and acts where it is opened.
ACTS = re.compile(rb"(\xef\xbb\xbf)?\s*(#!|<!doctype html|<html|<svg)", re.IGNORECASE)
NO_TEXT = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")  # ESC colours a terminal's output
# Browsers state what their system knows of an ending, which may be nothing.
UNSTATED = frozenset({"", "application/octet-stream"})
TEXT_TYPES = frozenset(
    {"application/json", "application/xml", "application/vnd.ms-excel"}  # Windows: .csv
)
TAKEN = "PNG, JPEG, WebP, PDF and text (txt, md, csv, json, xml, log) are taken"


def refusal(name: str, content: bytes, stated: str = "") -> FieldError | None:
    """Why this file is not taken (code `type` or `entities`); None where it is.
    `stated` is the type that came with it, without parameters."""
    ending = PurePosixPath(name.lower()).suffix
    if ending in PICTURES:
        beginning, type_ = PICTURES[ending]
        if not beginning.match(content):
            return _no_type(f"it is no {ending} file, whatever its name says")
        return _stated(stated in UNSTATED | {type_}, ending, stated)
    if ending not in TEXTS:
        return _no_type(f"{TAKEN}, by their endings")
    if ACTS.match(content):
        return _no_type("it is a program or a page: file what it printed or showed")
    if not _is_text(content):
        return _no_type(f"its name says {ending}, but it is no text in UTF-8")
    of_texts = stated.startswith("text/") and stated != "text/html"
    fits = of_texts or stated in UNSTATED | TEXT_TYPES
    wrong = _stated(fits, ending, stated)
    return wrong or (_of_xml(content) if ending == ".xml" else None)


def _no_type(said: str) -> FieldError:
    return FieldError("/file", "type", said)


def _stated(fits: bool, ending: str, stated: str) -> FieldError | None:
    if fits:
        return None
    return _no_type(f"its name says {ending}, but it was sent as {stated[:100]}")


def _is_text(content: bytes) -> bool:
    try:
        return not NO_TEXT.search(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _of_xml(content: bytes) -> FieldError | None:
    """Read to its end, so that nothing in it waits for whoever opens it."""
    try:
        for _, element in iterparse(io.BytesIO(content), forbid_dtd=True):
            element.clear()
    except DefusedXmlException:
        return FieldError("/file", "entities", "its XML declares a DTD or entities")
    except (ParseError, ValueError, LookupError):
        return _no_type("its name says .xml, but it is no whole XML")
    return None
