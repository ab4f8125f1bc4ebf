"""Letters of one day for the post: a page with the address before each, all in one file for the printer."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pypdf import PdfReader, PdfWriter

from evaka.letters import pdf
from evaka.letters.letter import Facts, Letter, Sender, Text
from evaka.texts import say


@dataclass(frozen=True)
class Envelope:
    """What goes to one receiver: `recipient` is the name alone when the address is protected."""

    sender: Sender
    recipient: tuple[str, ...]
    day: date
    language: str
    protected: bool
    papers: tuple[tuple[str, bytes], ...]  # name and PDF of each


def address_page(envelope: Envelope) -> Letter:
    """The page whose address shows in the window; it tells what is in the envelope, and nothing of the child."""

    def word(name: str) -> str:
        return say(f"letter.dispatch.{name}", envelope.language)

    rows = tuple((str(place), name) for place, (name, _) in enumerate(envelope.papers, start=1))
    notes = (Text(word("protected"), strong=True),) if envelope.protected else ()
    return Letter(
        title=word("title"),
        language=envelope.language,
        sender=envelope.sender,
        recipient=envelope.recipient,
        day=envelope.day,
        body=(*notes, Text(word("encloses")), Facts(rows)),
    )


def merged(papers: Sequence[bytes]) -> bytes:
    """Several PDFs as one, in their order; equal papers make equal bytes."""
    writer = PdfWriter()
    for paper in papers:
        writer.append(PdfReader(io.BytesIO(paper)), import_outline=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def for_the_post(envelopes: Sequence[Envelope]) -> bytes:
    """Everything that is printed for a day, an address page before the papers of each receiver."""
    papers: list[bytes] = []
    for envelope in envelopes:
        papers.append(pdf(address_page(envelope)))
        papers += [paper for _, paper in envelope.papers]
    return merged(papers)
