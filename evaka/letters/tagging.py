"""Tags for our PDFs: the structure that a screen reader reads (PDF/UA), which open-source reportlab does not
write.

A Branch is a place in the structure tree: a paragraph, a table, a cell.  Drawing happens between `open` and
`close` of its branch; what is only decoration is drawn between `open_artifact` and `close`.  A flowable that
is cut at the end of a page goes on under the same branch.
"""

from __future__ import annotations

from codecs import BOM_UTF16_BE
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfdoc
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFObject, PDFStream
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table

pdfdoc.PDFPage.__NoDefault__ += ["StructParents", "Tabs"]  # entries of a page that reportlab does not know

METADATA = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"> <pdfuaid:part>1</pdfuaid:part> <dc:title><rdf:Alt><rdf:li
xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title> </rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


class _Raw(PDFObject):  # type: ignore[misc]
    """Bytes that reportlab would otherwise make of names, strings and dictionaries, and much more slowly."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content

    def format(self, _document: Any) -> bytes:
        return self.content


def _string(text: str) -> bytes:
    """A text as a PDF holds it: one byte a letter where that is enough, else two."""
    try:
        held = text.encode("pdfdoc")
    except UnicodeEncodeError:
        held = BOM_UTF16_BE + text.encode("utf-16-be")
    for special in (b"\\", b"(", b")"):
        held = held.replace(special, b"\\" + special)
    return b"(" + held.replace(b"\r", b"\\r") + b")"


class Branch:
    """A place in the structure tree.  `text` is what is read instead of the glyphs, `alternative` instead of
    a picture.

    `text` is needed because broken lines carry no space at their end, and a reader would join the words.
    """

    def __init__(
        self,
        tag: str,
        parent: Branch | None = None,
        *,
        text: str = "",
        alternative: str = "",
        scope: str = "",
    ) -> None:
        self.tag, self.parent, self.text, self.alternative, self.scope = tag, parent, text, alternative, scope
        self.children: list[Branch | tuple[int, int]] = []  # branches, and (page, mark) of what was drawn
        self.written = _Raw()
        self.grown = False


class TaggedCanvas(Canvas):  # type: ignore[misc]
    """A canvas that grows the structure tree, and draws what needs the number of pages when they are all
    there.

    `furniture(canvas, page, pages)` draws the head and foot of each page.
    """

    def __init__(
        self, *given: Any, title: str, furniture: Callable[[TaggedCanvas, int, int], None], **more: Any
    ) -> None:
        super().__init__(*given, **more)
        self.title, self.furniture = title, furniture
        self.document = Branch("Document")
        self.marks: list[list[Branch]] = [[]]  # a list for each page: the branch of each mark
        self.waiting: list[dict[str, Any]] = []
        self.finished: list[Any] = []
        self.names: dict[int, bytes] = {}  # by the id of an object that the document or the tree keeps alive

    def open(self, branch: Branch) -> None:
        """What is drawn from now on belongs to the branch."""
        self._grow(branch)
        marks = self.marks[self._pageNumber - 1]
        branch.children.append((self._pageNumber - 1, len(marks)))
        self._code.append(f"/{branch.tag} <</MCID {len(marks)}>> BDC")
        marks.append(branch)

    def open_artifact(self) -> None:
        """What is drawn from now on is decoration and is not read aloud."""
        self._code.append("/Artifact BMC")

    def close(self) -> None:
        self._code.append("EMC")

    def _grow(self, branch: Branch) -> None:
        """Join the branch to the tree the first time something of it is drawn: that is the reading order."""
        if branch.grown:
            return
        branch.grown = True
        branch.parent = branch.parent or self.document
        if branch.parent is not self.document:
            self._grow(branch.parent)
        branch.parent.children.append(branch)

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self.waiting.append(dict(self.__dict__))
        self.marks.append([])
        self._startPage()

    def save(self) -> None:
        for state in self.waiting:
            self.__dict__.update(state)
            self.furniture(self, self._pageNumber, len(self.waiting))
            super().showPage()
        self._write_structure()
        self._doc.SaveToFile(self._filename, self)

    def _setXObjects(self, thing: Any) -> None:  # noqa: N802 - reportlab calls it with each finished page
        thing.StructParents, thing.Tabs = len(self.finished), PDFName("S")
        self.finished.append(thing)
        super()._setXObjects(thing)

    def _write_structure(self) -> None:
        tree = PDFDictionary({})
        whole = self._write(self.document, self._name(tree))
        numbers: list[Any] = []
        for page, marks in enumerate(self.marks[: len(self.finished)]):
            numbers += [page, _Raw(b"[%s]" % b" ".join(self._name(branch.written) for branch in marks))]
        tree.dict.update(
            Type=PDFName("StructTreeRoot"),
            K=_Raw(b"[%s]" % whole),
            ParentTree=PDFDictionary({"Nums": PDFArray(numbers)}),
            ParentTreeNextKey=len(self.finished),
        )
        catalog = self._doc.Catalog
        catalog.StructTreeRoot = tree
        catalog.MarkInfo = PDFDictionary({"Marked": _Raw(b"true")})
        metadata = METADATA.format(title=escape(self.title)).encode()
        catalog.Metadata = PDFStream(
            PDFDictionary({"Type": PDFName("Metadata"), "Subtype": PDFName("XML")}), metadata, filters=[]
        )
        self.setViewerPreference("DisplayDocTitle", "true")

    def _write(self, branch: Branch, parent: bytes) -> bytes:
        """Write the branch and what hangs on it; by what name others refer to it."""
        own = self._name(branch.written)
        kids = []
        for child in branch.children:
            if isinstance(child, Branch):
                kids.append(self._write(child, own))
            else:
                page, mark = child
                kids.append(b"<</Type/MCR/Pg %s/MCID %d>>" % (self._name(self.finished[page]), mark))
        tag = branch.tag.encode()
        written = b"<</Type/StructElem/S/%s/P %s/K[%s]" % (tag, parent, b" ".join(kids))
        if branch.text:
            written += b"/ActualText" + _string(branch.text)
        if branch.alternative:
            written += b"/Alt" + _string(branch.alternative)
        if branch.scope:
            written += b"/A<</O/Table/Scope/%s>>" % branch.scope.encode()
        branch.written.content = written + b">>"
        return own

    def _name(self, thing: Any) -> bytes:
        """By what name an object of the document is referred to: “12 0 R”."""
        if (name := self.names.get(id(thing))) is None:
            name = self.names[id(thing)] = self._doc.Reference(thing).format(self._doc)
        return name


class TaggedParagraph(Paragraph):  # type: ignore[misc]
    """A paragraph that is read under its branch.  `spoken` is its text without markup, lines kept apart."""

    branch: Branch | None = None
    spoken = ""
    broken = -1.0  # the width for which its lines have been broken: a table asks several times

    def wrap(self, availWidth: float, availHeight: float) -> tuple[float, float]:  # noqa: N803 - reportlab's names
        if self.broken != availWidth or not hasattr(self, "blPara"):
            super().wrap(availWidth, availHeight)
            self.broken = availWidth
        return self.width, self.height

    def under(self, branch: Branch) -> TaggedParagraph:
        self.branch = branch
        branch.text = branch.text or self.spoken
        return self

    def split(self, availWidth: float, availHeight: float) -> list[Any]:  # noqa: N803 - reportlab's names
        parts: list[Any] = super().split(availWidth, availHeight)
        for part in parts:
            part.branch = self.branch
        return parts

    def draw(self) -> None:
        if self.branch is None:  # a cell, or decoration: marked by who draws it
            super().draw()
            return
        self.canv.open(self.branch)
        super().draw()
        self.canv.close()


class TaggedTable(Table):  # type: ignore[misc]
    """A table of paragraphs.  `head` says what is a heading in it: its first row ("Column") or first column
    ("Row").

    Where a table goes on to the next page, its repeated heading is decoration: it has been read already.
    """

    head = "Column"
    branch: Branch
    continued = False

    def headed(self, head: str) -> TaggedTable:
        self.head, self.branch = head, Branch("Table")
        return self

    def split(self, availWidth: float, availHeight: float) -> list[Any]:  # noqa: N803 - reportlab's names
        parts: list[Any] = super().split(availWidth, availHeight)
        for place, part in enumerate(parts):
            part.head, part.branch, part.continued = self.head, self.branch, self.continued or place > 0
        return parts

    def draw(self) -> None:
        self.rows: dict[int, Branch] = {}
        super().draw()

    def _drawBkgrnd(self) -> None:  # noqa: N802
        self.canv.open_artifact()
        super()._drawBkgrnd()
        self.canv.close()

    def _drawLines(self) -> None:  # noqa: N802
        self.canv.open_artifact()
        super()._drawLines()
        self.canv.close()

    def _drawCell(self, cellval: Any, cellstyle: Any, pos: Any, size: Any) -> None:  # noqa: N802
        row = self._rowpositions.index(pos[1]) - 1
        heading = row == 0 if self.head == "Column" else self._colpositions.index(pos[0]) == 0
        if self.continued and self.head == "Column" and heading:
            self.canv.open_artifact()
        else:
            [paragraph] = cellval
            line = self.rows.setdefault(row, Branch("TR", self.branch))
            self.canv.open(
                Branch(
                    "TH" if heading else "TD", line, text=paragraph.spoken, scope=self.head if heading else ""
                )
            )
        super()._drawCell(cellval, cellstyle, pos, size)
        self.canv.close()
