"""What kind of file some bytes are: the first of them tell, not the name."""

from __future__ import annotations

import pytest

from evaka.kit.files import SIGNATURES, ending, media_type


@pytest.mark.parametrize(
    ("content", "media", "end"),
    [
        (b"%PDF-1.7\n...", "application/pdf", "pdf"),
        (b"\xff\xd8\xff\xe0....JFIF", "image/jpeg", "jpg"),
        (b"\x89PNG\r\n\x1a\n....", "image/png", "png"),
    ],
)
def test_the_first_bytes_tell(content, media, end):
    assert media_type(content) == media
    assert ending(media) == end


@pytest.mark.parametrize("content", [b"", b"MZ\x90", b"PK\x03\x04", b"<html>", b" %PDF-1.7", b"<svg", b"\xff\xd8"])
def test_anything_else_is_nothing(content):
    assert media_type(content) is None


def test_every_signature_is_one_that_a_browser_does_not_run():
    assert not {media for media in SIGNATURES if "html" in media or "svg" in media or "xml" in media}
