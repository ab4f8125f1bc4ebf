"""What kind of file some bytes are, by how they begin: what a sender calls them is not believed."""

from __future__ import annotations

from collections.abc import Mapping

# by media type how a file begins, and the ending of its name
SIGNATURES: Mapping[str, tuple[bytes, str]] = {
    "application/pdf": (b"%PDF-", "pdf"),
    "image/jpeg": (b"\xff\xd8\xff", "jpg"),
    "image/png": (b"\x89PNG\r\n\x1a\n", "png"),
}


def media_type(content: bytes) -> str | None:
    """The media type of a PDF, a JPEG or a PNG; None for anything else.

    >>> media_type(b"%PDF-1.7 ...")
    'application/pdf'
    """
    return next((media for media, (begins, _) in SIGNATURES.items() if content.startswith(begins)), None)


def ending(media: str) -> str:
    """The ending of a file's name that goes with a media type.

    >>> ending("image/jpeg")
    'jpg'
    """
    return SIGNATURES[media][1]
