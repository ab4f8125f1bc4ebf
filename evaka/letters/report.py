"""A sheet: a list that hangs on a wall or goes to a meeting.  No address window; upright, or lying for wide tables."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.platypus import BaseDocTemplate, Frame, PageBreak, PageTemplate

from evaka.letters import LOCALES, flowables, table_of
from evaka.letters.letter import Facts as Pairs
from evaka.letters.letter import Heading, Letter, Rows, Sender, Text
from evaka.letters.letter import Steps as Reckoning
from evaka.letters.styles import HAIR, REGULAR, paragraph, register_fonts
from evaka.letters.tagging import Branch, TaggedCanvas
from evaka.texts import say

_NO_DAY = date(2000, 1, 1)  # a sheet has no day of its own
EDGE, TOP, BOTTOM = 14 * mm, 24 * mm, 16 * mm
Part = Heading | Text | Pairs | Rows | Reckoning


@dataclass(frozen=True)
class Sheet:
    """`subtitle` says where and when; `printed` by whom and when it was printed.  `parts` begin a page each.

    Texts are finished, in the language of the sheet; equal sheets are equal bytes.
    """

    title: str
    subtitle: str
    printed: str
    language: str
    sender: Sender
    parts: tuple[tuple[Part, ...], ...]
    lying: bool = False


def sheet_pdf(sheet: Sheet) -> bytes:
    """The sheet as a PDF, tagged for screen readers as our letters are."""
    register_fonts()
    size = landscape(A4) if sheet.lying else A4
    width = size[0] - 2 * EDGE
    paper = io.BytesIO()
    document = BaseDocTemplate(
        paper, pagesize=size, leftMargin=EDGE, rightMargin=EDGE, topMargin=TOP, bottomMargin=BOTTOM,
        title=f"{sheet.title}, {sheet.subtitle}", author=sheet.sender.name, lang=LOCALES[sheet.language],
        invariant=1, pageCompression=1, initialFontName=REGULAR,
    )  # fmt: skip
    no_padding = {f"{side}Padding": 0 for side in ("left", "right", "top", "bottom")}
    frame = Frame(EDGE, BOTTOM, width, size[1] - BOTTOM - TOP, **no_padding)
    document.addPageTemplates([PageTemplate("sheet", [frame])])
    story: list[Any] = []
    for part in sheet.parts:
        story += [PageBreak()] if story else []
        for block in part:
            story += _set(block, sheet, width)
    document.build(
        story, canvasmaker=partial(TaggedCanvas, title=sheet.title, furniture=partial(_furniture, sheet, size)))
    return paper.getvalue()


def _set(block: Part, sheet: Sheet, width: float) -> list[Any]:
    if isinstance(block, Rows):
        return [table_of(block, sheet.sender.accent, width)]
    borrowed = Letter(sheet.title, sheet.language, sheet.sender, (), _NO_DAY, ())
    return list(flowables(block, borrowed))


def _furniture(sheet: Sheet, size: tuple[float, float], canvas: TaggedCanvas, page: int, pages: int) -> None:
    """Head and foot; the head is read once, on the first page."""
    width, height = size
    line = width - 2 * EDGE
    canvas.saveState()
    canvas.open_artifact()
    canvas.setFillColor(HexColor(sheet.sender.accent))
    canvas.rect(0, height - 2.2 * mm, width, 2.2 * mm, stroke=0, fill=1)
    canvas.setStrokeColor(HAIR)
    canvas.setLineWidth(0.5)
    canvas.line(EDGE, BOTTOM - 4 * mm, width - EDGE, BOTTOM - 4 * mm)
    canvas.close()
    first = page == 1
    _draw(canvas, Branch("H1") if first else None, paragraph(sheet.title, "sender"), EDGE, height - 6 * mm, line * 0.7)
    _draw(canvas, Branch("P") if first else None, paragraph(sheet.subtitle, "address"), EDGE, height - 12.5 * mm,
          line * 0.8)
    numbered = say("letter.page.number", sheet.language, page=page, pages=pages)
    _draw(canvas, None, paragraph(numbered, "quiet_right"), width - EDGE - line * 0.3, height - 6.5 * mm, line * 0.3)
    foot = f"{sheet.sender.name}, {sheet.sender.department} · {sheet.printed}"
    _draw(canvas, Branch("P") if first else None, paragraph(foot, "quiet"), EDGE, BOTTOM - 5 * mm, line)
    canvas.restoreState()


def _draw(canvas: TaggedCanvas, branch: Branch | None, text: Any, x: float, top: float, width: float) -> None:
    _, height = text.wrap(width, 1000)
    if branch:
        text.under(branch).drawOn(canvas, x, top - height)
    else:
        canvas.open_artifact()
        text.drawOn(canvas, x, top - height)
        canvas.close()
