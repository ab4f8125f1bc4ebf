"""Text on its way into other programs: one line, and only letters that the other side can hold."""

from __future__ import annotations

from unicodedata import combining, normalize

_ALIKE = str.maketrans({
    "Đ": "D", "đ": "d", "Ð": "D", "Ł": "L", "ł": "l", "Ø": "O", "ø": "o", "ı": "i", "Ŋ": "N", "ŋ": "n", "Ŧ": "T",
    "ŧ": "t", "Þ": "Th", "þ": "th", "Æ": "Ae", "æ": "ae", "Œ": "Oe", "œ": "oe", "ß": "ss", "ə": "e", "Ə": "E",
    "–": "-", "—": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "€": "EUR",
})


def one_line(text: str) -> str:
    """The text without line breaks, tabs and what cannot be seen; runs of spaces are one.

    >>> one_line("Ahola\\r\\n\\tAino\\x00 ")
    'Ahola Aino'
    """
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def unheld(text: str, encoding: str) -> str:
    """The first letter that an encoding has no place for, or nothing.

    >>> unheld("Đorđević", "iso-8859-1"), unheld("Äijälä", "iso-8859-1")
    ('Đ', '')
    """
    if _holds(text, encoding):
        return ""
    return next(letter for letter in text if not _holds(letter, encoding))


def nearest(text: str, encoding: str) -> str:
    """The text with what an encoding holds; another letter loses its accent, and one without a likeness is "?".

    >>> nearest("Đorđević Žoltán 张", "iso-8859-1")
    'Dordevic Zoltán ?'
    """
    return "".join(letter if _holds(letter, encoding) else _near(letter, encoding) for letter in text)


def _near(letter: str, encoding: str) -> str:
    alike = "".join(one for one in normalize("NFKD", letter.translate(_ALIKE)) if not combining(one))
    return alike if alike and _holds(alike, encoding) else "?"


def _holds(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
