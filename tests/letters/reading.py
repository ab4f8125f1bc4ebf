"""Reads a PDF back: its text, its structure tree, its fonts."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf), strict=True)


def pages(pdf: bytes) -> list[str]:
    """The text of each page, in the order it is drawn, its spaces made plain."""
    return [plain(page.extract_text()) for page in read(pdf).pages]


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def places(pdf: bytes) -> list[tuple[str, float, float]]:
    """Each piece of text on the first page, with its millimetres from the left and from the top."""
    found = []

    def seen(text: str, page: Any, place: Any, _font: Any, _size: float) -> None:
        x, y = (
            place[4] * page[0] + place[5] * page[2] + page[4],
            place[4] * page[1] + place[5] * page[3] + page[5],
        )
        if text.strip():
            found.append((plain(text).strip(), x / 72 * 25.4, 297 - y / 72 * 25.4))

    read(pdf).pages[0].extract_text(visitor_text=seen)
    return found


def elements(pdf: bytes) -> list[tuple[str, str]]:
    """(tag, what is read aloud) of the whole structure tree, in reading order."""
    return [
        (str(one["/S"])[1:], str(one.get("/ActualText", one.get("/Alt", "")))) for one in _tree(read(pdf))
    ]


def spoken(pdf: bytes) -> str:
    """Everything that is read aloud, in order."""
    return plain(" ".join(text for _, text in elements(pdf)))


def scopes(pdf: bytes) -> list[str]:
    return [str(one["/A"]["/Scope"]) for one in _tree(read(pdf)) if "/A" in one]


def fonts(pdf: bytes) -> dict[str, bool]:
    """Each font that a page names, and whether it is in the file."""
    found: dict[str, bool] = {}
    for page in read(pdf).pages:
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object().get("/FontDescriptor")
            found[font["/BaseFont"]] = descriptor is not None and "/FontFile2" in descriptor.get_object()
    return found


def marks(pdf: bytes) -> list[tuple[int, int]]:
    """How often marked content is opened and closed on each page."""
    counted = []
    for page in read(pdf).pages:
        code = page.get_contents().get_data()
        counted.append((len(re.findall(rb"\bB(?:DC|MC)\b", code)), len(re.findall(rb"\bEMC\b", code))))
    return counted


def _tree(reader: PdfReader) -> Iterator[Any]:
    def below(element: Any) -> Iterator[Any]:
        yield element
        for kid in (one.get_object() for one in element["/K"]):
            if kid.get("/Type") == "/StructElem":
                yield from below(kid)

    root = reader.trailer["/Root"]["/StructTreeRoot"]
    return below(root["/K"][0].get_object())
