"""Letters on paper: `pdf(letter)` sets a Letter on A4 as a tagged PDF.

The recipient stands 45–75 mm from the top and 20–105 mm from the left, where the window of a C5 or E65
envelope is. Equal letters are equal bytes, so a letter can be printed again and compared with what was sent.
"""

from __future__ import annotations

import io
from functools import partial, singledispatch
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate
from reportlab.platypus.flowables import TopPadder

from evaka.kit.dates import finnish
from evaka.kit.money import euros
from evaka.kit.references import grouped
from evaka.letters.letter import Facts, Heading, Letter, Payment, Rows, Steps, Text
from evaka.letters.styles import (
    BESIDE,
    BESIDE_WIDTH,
    BODY_TOP,
    BOTTOM,
    FIRST_TOP,
    HAIR,
    HEIGHT,
    INK,
    LEFT,
    LINE,
    NUMBER_WIDTH,
    REGULAR,
    RIGHT,
    SHADE,
    TOP,
    WIDTH,
    WINDOW_HEIGHT,
    WINDOW_TOP,
    WINDOW_WIDTH,
    paragraph,
    register_fonts,
    small,
    style,
)
from evaka.letters.tagging import Branch, TaggedCanvas, TaggedParagraph, TaggedTable
from evaka.texts import say

LOCALES = {"fi": "fi-FI", "sv": "sv-FI", "en": "en-GB"}


def pdf(letter: Letter) -> bytes:
    """The letter as a PDF: tagged for screen readers, its fonts inside, its pages numbered."""
    register_fonts()
    paper = io.BytesIO()
    document = BaseDocTemplate(
        paper, pagesize=A4, leftMargin=LEFT, rightMargin=RIGHT, topMargin=TOP, bottomMargin=BOTTOM,
        title=letter.title, author=letter.sender.name, lang=LOCALES[letter.language],
        invariant=1, pageCompression=1, initialFontName=REGULAR,
    )  # fmt: skip
    no_padding = {f"{side}Padding": 0 for side in ("left", "right", "top", "bottom")}
    first = Frame(LEFT, BOTTOM, LINE, HEIGHT - BOTTOM - FIRST_TOP, **no_padding)
    later = Frame(LEFT, BOTTOM, LINE, HEIGHT - BOTTOM - TOP, **no_padding)
    document.addPageTemplates(
        [PageTemplate("first", [first], autoNextPageTemplate="later"), PageTemplate("later", [later])]
    )
    story: list[Any] = [_Head(letter), paragraph(letter.title, "title").under(Branch("H1"))]
    for block in letter.body:
        story += flowables(block, letter)
    document.build(
        story, canvasmaker=partial(TaggedCanvas, title=letter.title, furniture=partial(_furniture, letter))
    )
    return paper.getvalue()


@singledispatch
def flowables(block: Any, letter: Letter) -> list[Any]:
    raise TypeError(f"a letter of {letter.sender.name} cannot hold {block!r}")


@flowables.register
def _(block: Heading, letter: Letter) -> list[Any]:
    return [paragraph(block.text, "heading", letter.sender.accent).under(Branch("H2"))]


@flowables.register
def _(block: Text, _letter: Letter) -> list[Any]:
    paragraphs = block.text.strip().split("\n\n")
    look = "strong" if block.strong else "text"
    return [paragraph(text, look).under(Branch("P")) for text in paragraphs]


@flowables.register
def _(block: Facts, _letter: Letter) -> list[Any]:
    cells = [[paragraph(name, "label"), paragraph(value, "value")] for name, value in block.rows]
    looks = [
        ("FONTNAME", (0, 0), (-1, -1), REGULAR), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 8),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, HAIR),
    ]  # fmt: skip
    widths = [0.32 * LINE, 0.68 * LINE]
    return [TaggedTable(cells, colWidths=widths, style=looks, spaceBefore=2, spaceAfter=8).headed("Row")]


@flowables.register
def _(block: Rows, letter: Letter) -> list[Any]:
    return [table_of(block, letter.sender.accent, LINE)]


def table_of(block: Rows, ink: str, width: float) -> TaggedTable:
    """A table as wide as said, its header on every page."""
    def line(texts: tuple[str, ...], kind: str) -> list[TaggedParagraph]:
        looked = (f"{kind}number" if place in block.numeric else f"{kind}cell" for place in range(len(texts)))
        return [paragraph(text, look) for text, look in zip(texts, looked, strict=True)]

    cells = [line(block.header, "head_"), *(line(row, "") for row in block.rows)]
    accent = HexColor(ink)
    looks: list[tuple[Any, ...]] = [
        ("FONTNAME", (0, 0), (-1, -1), REGULAR), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"), ("BACKGROUND", (0, 0), (-1, 0), SHADE),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, accent), ("LINEBELOW", (0, 1), (-1, -1), 0.4, HAIR),
        ("LEFTPADDING", (0, 0), (-1, -1), 4), ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
    ]  # fmt: skip
    if block.total:
        cells.append(line(block.total, "total_"))
        looks += [("LINEABOVE", (0, -1), (-1, -1), 0.9, accent), ("NOSPLIT", (0, -2), (-1, -1))]
    widths = [width * share / sum(block.widths) for share in block.widths]
    table = TaggedTable(cells, colWidths=widths, style=looks, repeatRows=1, spaceBefore=4, spaceAfter=10)
    return table.headed("Column")


@flowables.register
def _(block: Steps, letter: Letter) -> list[Any]:
    steps, whole = [], Branch("L")
    for number, step in enumerate(block.steps, 1):
        lines = [
            f'<bullet bulletColor="{letter.sender.accent}">{number}.</bullet><b>{escape(step.heading)}</b>'
        ]
        lines.append(escape(step.arithmetic))
        if step.rule:
            lines.append(small(step.rule))
        read = "\n".join(part for part in (f"{number}. {step.heading}", step.arithmetic, step.rule) if part)
        body = Branch("LBody", Branch("LI", whole), text=read)
        steps.append(TaggedParagraph("<br/>".join(lines), style("step")).under(body))
    return steps


@flowables.register
def _(block: Payment, letter: Letter) -> list[Any]:
    return [TopPadder(_Slip(block, letter))]


def _set(
    canvas: TaggedCanvas, branch: Branch | None, text: TaggedParagraph, x: float, top: float, width: float
) -> float:
    """Draw a paragraph below `top`, as decoration if it has no branch; where the next may start."""
    _, height = text.wrap(width, HEIGHT)
    if branch:
        text.under(branch).drawOn(canvas, x, top - height)
    else:
        canvas.open_artifact()
        text.drawOn(canvas, x, top - height)
        canvas.close()
    return float(top - height)


class _Head(Flowable):  # type: ignore[misc]
    """The top of the first page: the sender, the recipient in the window, the references beside it."""

    def __init__(self, letter: Letter) -> None:
        super().__init__()
        self.letter = letter
        day = (say("letter.page.day", letter.language), finnish(letter.day))
        self.beside = [paragraph(letter.secrecy, "strong").under(Branch("P"))] if letter.secrecy else []
        for name, value in (day, *letter.references):
            reference = TaggedParagraph(f"{small(name)}<br/>{escape(value)}", style("reference"))
            self.beside.append(reference.under(Branch("P", text=f"{name}: {value}")))

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        beside = sum(one.wrap(BESIDE_WIDTH, HEIGHT)[1] + one.getSpaceAfter() for one in self.beside)
        self.height = max(BODY_TOP, WINDOW_TOP + beside + 4 * mm) - FIRST_TOP
        return LINE, self.height

    def draw(self) -> None:
        letter, canvas = self.letter, self.canv
        canvas.translate(
            -LEFT, FIRST_TOP + self.height - HEIGHT
        )  # from here on measured from the page's corner
        sender = paragraph(letter.sender.name, "sender", letter.sender.accent)
        top = _set(canvas, Branch("P"), sender, LEFT, HEIGHT - FIRST_TOP, WINDOW_WIDTH)
        _set(canvas, Branch("P"), paragraph(letter.sender.department, "address"), LEFT, top, WINDOW_WIDTH)
        self._recipient(canvas)
        top = HEIGHT - WINDOW_TOP
        for one in self.beside:
            one.drawOn(canvas, BESIDE, top - one.height)
            top -= one.height + one.getSpaceAfter()

    def _recipient(self, canvas: TaggedCanvas) -> None:
        """Smaller type before an address would leave the window."""
        for size in (10.5, 9.5, 8.5, 7.5):
            shrunk = ParagraphStyle("recipient", style("address"), fontSize=size, leading=size * 1.3)
            address = TaggedParagraph("<br/>".join(map(escape, self.letter.recipient)), shrunk)
            if address.wrap(WINDOW_WIDTH, HEIGHT)[1] <= WINDOW_HEIGHT:
                break
        branch = Branch("P", text="\n".join(self.letter.recipient))
        _set(canvas, branch, address, LEFT, HEIGHT - WINDOW_TOP, WINDOW_WIDTH)


class _Slip(Flowable):  # type: ignore[misc]
    """What one pays from: payee, account, reference, due day, amount, and the bar code with its digits."""

    PADDING = 8
    BAR_WIDTH, BAR_HEIGHT = 0.32 * mm, 12 * mm

    def __init__(self, payment: Payment, letter: Letter) -> None:
        super().__init__()
        self.letter = letter
        references = [grouped(one) for one in (payment.reference, payment.rf) if one]
        self.pairs = [
            [("payee", payment.payee), ("due", finnish(payment.due))],
            [("iban", grouped(payment.iban)), ("amount", euros(payment.amount))],
            [("bic", payment.bic), ("reference", " / ".join(references))],
        ]
        self.digits = payment.barcode
        self.columns = (0.56 * LINE, 0.44 * LINE - 2 * self.PADDING)

    def _word(self, name: str) -> str:
        return say(f"letter.payment.{name}", self.letter.language)

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        self.rows = [[self._cell(*pair) for pair in row] for row in self.pairs]
        self.heights = [
            max(cell.wrap(width - 6, HEIGHT)[1] for cell, width in zip(row, self.columns, strict=True)) + 5
            for row in self.rows
        ]
        return LINE, 20 + sum(self.heights) + self.BAR_HEIGHT + 15 + 2 * self.PADDING

    def _cell(self, name: str, value: str) -> TaggedParagraph:
        strong = f"<b>{escape(value)}</b>" if name in ("due", "amount", "reference") else escape(value)
        cell = TaggedParagraph(f"{small(self._word(name))}<br/>{strong}", style("slip"))
        return cell.under(Branch("P", text=f"{self._word(name)}: {value}"))

    def draw(self) -> None:
        canvas, (_, height) = self.canv, self.wrap(LINE, HEIGHT)
        heading = paragraph(self._word("heading"), "heading", self.letter.sender.accent)
        top = _set(canvas, Branch("H2"), heading, 0, height, LINE) - 5
        canvas.open_artifact()
        canvas.setStrokeColor(HexColor(self.letter.sender.accent))
        canvas.setLineWidth(0.9)
        canvas.roundRect(0, 0, LINE, top, 4)
        canvas.close()
        top -= self.PADDING
        for row, row_height in zip(self.rows, self.heights, strict=True):
            x = float(self.PADDING)
            for cell, width in zip(row, self.columns, strict=True):
                cell.drawOn(canvas, x, top - cell.height)
                x += width
            top -= row_height
        bars = Code128(self.digits, barWidth=self.BAR_WIDTH, barHeight=self.BAR_HEIGHT, quiet=0)
        canvas.open(Branch("Figure", alternative=f"{self._word('barcode')} {self.digits}"))
        canvas.setFillColor(INK)
        bars.drawOn(canvas, self.PADDING, top - self.BAR_HEIGHT)
        canvas.close()
        digits = paragraph(f"{self._word('barcode')} {self.digits}", "quiet")
        _set(canvas, Branch("P"), digits, self.PADDING, top - self.BAR_HEIGHT - 3, LINE - 2 * self.PADDING)


def _furniture(letter: Letter, canvas: TaggedCanvas, page: int, pages: int) -> None:
    """Head and foot of a page.  What is read once, on the first page, is decoration on the others."""
    sender, first = letter.sender, page == 1
    canvas.saveState()
    canvas.open_artifact()
    canvas.setStrokeColor(HAIR)
    canvas.setLineWidth(0.5)
    canvas.line(LEFT, BOTTOM - 7 * mm, WIDTH - RIGHT, BOTTOM - 7 * mm)
    if first:
        canvas.setFillColor(HexColor(sender.accent))
        canvas.rect(0, HEIGHT - 2.2 * mm, WIDTH, 2.2 * mm, stroke=0, fill=1)
    else:
        canvas.line(LEFT, HEIGHT - 20 * mm, WIDTH - RIGHT, HEIGHT - 20 * mm)
    canvas.close()
    number_left = WIDTH - RIGHT - NUMBER_WIDTH
    numbered = say("letter.page.number", letter.language, page=page, pages=pages)
    _set(canvas, None, paragraph(numbered, "quiet_right"), number_left, HEIGHT - FIRST_TOP, NUMBER_WIDTH)
    if not first:
        running = f"{sender.name} · {letter.title}"
        _set(canvas, None, paragraph(running, "quiet"), LEFT, HEIGHT - FIRST_TOP, LINE - NUMBER_WIDTH)
    parts = (sender.name, sender.department, *sender.address, *sender.contacts)
    contact = " · ".join(part.replace(" ", "\u00a0") for part in parts)  # no part is cut at the end of a line
    _set(canvas, Branch("P") if first else None, paragraph(contact, "quiet"), LEFT, BOTTOM - 8.5 * mm, LINE)
    canvas.restoreState()
