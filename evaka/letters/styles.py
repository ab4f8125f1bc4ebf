"""How a letter looks: the page, its fonts and colours, and the few ways a text is set."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

from evaka.letters.tagging import TaggedParagraph

FONTS = Path(__file__).parent.parent / "static" / "fonts"
REGULAR, BOLD = "NotoSans-Regular", "NotoSans-Bold"

WIDTH, HEIGHT = A4
LEFT = RIGHT = 20 * mm
LINE = WIDTH - LEFT - RIGHT
BESIDE = 120 * mm  # from the left: the column beside the address window
BESIDE_WIDTH = WIDTH - RIGHT - BESIDE
NUMBER_WIDTH = 30 * mm
WINDOW_TOP, WINDOW_WIDTH, WINDOW_HEIGHT = 46 * mm, 85 * mm, 29 * mm
FIRST_TOP, TOP, BOTTOM = 14 * mm, 27 * mm, 25 * mm
BODY_TOP = 88 * mm  # of the first page

GREY = "#59626b"
INK, QUIET, HAIR, SHADE = HexColor("#1d2329"), HexColor(GREY), HexColor("#c9d0d6"), HexColor("#f3f5f7")


class _Font(TTFont):  # type: ignore[misc]
    """A font that measures a word once: most words of a letter stand in the next one too."""

    @lru_cache(maxsize=20_000)  # noqa: B019 - there are two fonts, and they live as long as the process
    def stringWidth(self, text: str, size: float, encoding: str = "utf8") -> float:  # noqa: N802 - reportlab's name
        return float(super().stringWidth(text, size, encoding))


@cache
def register_fonts() -> None:
    """Make our two fonts known to reportlab, once; its streams are bytes, not letters that stand for them."""
    rl_config.useA85 = 0
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(_Font(name, str(FONTS / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


@cache
def style(name: str, accent: str = "") -> ParagraphStyle:
    """The few ways a text is set; sizes and distances in points."""
    ink = HexColor(accent) if accent else INK
    looks: dict[str, dict[str, Any]] = {
        "text": {"spaceAfter": 6},
        "strong": {"fontName": BOLD, "spaceAfter": 6},
        "title": {"fontName": BOLD, "fontSize": 17, "leading": 22, "spaceAfter": 10},
        "heading": {
            "fontName": BOLD, "fontSize": 11.5, "leading": 15, "spaceBefore": 11, "spaceAfter": 4,
            "textColor": ink, "keepWithNext": 1,
        },
        "sender": {"fontName": BOLD, "fontSize": 12.5, "leading": 16, "textColor": ink},
        "address": {"fontSize": 10.5, "leading": 14},
        "reference": {"fontSize": 10, "leading": 12.5, "spaceAfter": 4},
        "cell": {"fontSize": 9, "leading": 12},
        "number": {"fontSize": 9, "leading": 12, "alignment": TA_RIGHT},
        "head_cell": {"fontName": BOLD, "fontSize": 8.5, "leading": 11},
        "head_number": {"fontName": BOLD, "fontSize": 8.5, "leading": 11, "alignment": TA_RIGHT},
        "total_cell": {"fontName": BOLD, "fontSize": 9.5, "leading": 12},
        "total_number": {"fontName": BOLD, "fontSize": 9.5, "leading": 12, "alignment": TA_RIGHT},
        "label": {"leading": 13.5, "textColor": QUIET},
        "value": {"leading": 13.5},
        "step": {"fontSize": 9.5, "leading": 13.5, "leftIndent": 16, "bulletFontSize": 9.5, "spaceAfter": 5},
        "quiet": {"fontSize": 8.5, "leading": 11.5, "textColor": QUIET},
        "quiet_right": {"fontSize": 8.5, "leading": 11.5, "textColor": QUIET, "alignment": TA_RIGHT},
        "slip": {"fontSize": 10.5, "leading": 13},
    }  # fmt: skip
    plain = {
        "fontName": REGULAR,
        "fontSize": 10,
        "leading": 14.5,
        "textColor": INK,
        "bulletFontName": REGULAR,
        "allowWidows": 0,
    }
    return ParagraphStyle(name, **(plain | looks[name]))


@cache
def _fragments(look: str, accent: str) -> tuple[Any, Any]:
    """What reportlab makes of a text without markup and of the end of a line: parsed once, not in each paragraph."""
    text, end, _ = Paragraph("x<br/>x", style(look, accent)).frags
    return text, end


def paragraph(text: str, look: str, accent: str = "") -> TaggedParagraph:
    """A text set in one of the looks of `style`, its lines kept."""
    lines = [line.strip() for line in text.split("\n")]
    if all(lines):
        one, end = _fragments(look, accent)
        fragments = [made for line in lines for made in (one.clone(text=line), end.clone())][:-1]
        made = TaggedParagraph(text, style(look, accent), frags=fragments)
    else:  # an empty line
        made = TaggedParagraph(escape(text).replace("\n", "<br/>"), style(look, accent))
    made.spoken = text
    return made


def small(text: str) -> str:
    """Markup of a quiet, smaller text inside a paragraph."""
    return f'<font size="8.5" color="{GREY}">{escape(text)}</font>'
