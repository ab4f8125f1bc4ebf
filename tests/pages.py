"""Pages as a reader sees them, and buttons as somebody presses them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from typing import Any

from flask.testing import FlaskClient


class Later:
    """A browser that is opened when it is first used: what the test arranges before is there then."""

    def __init__(self, opened: Callable[[], FlaskClient]) -> None:
        self.opened = opened
        self.client: FlaskClient | None = None

    def __getattr__(self, name: str) -> Any:
        if self.client is None:
            self.client = self.opened()
        return getattr(self.client, name)


def week(start: str = "6.30", end: str = "17", days: Iterable[int] = range(1, 6), field: str = "opening") -> Any:
    """What is typed into the grid of a week: the same hours on each of the days."""
    return {f"{field}-{day}-{side}": typed for day in days for side, typed in (("start", start), ("end", end))}


def press(browser: FlaskClient | Later, address: str, **typed: Any) -> Any:
    """Open the page of an action, fill in its form and send it; answers the page that follows."""
    form = browser.get(address)
    assert form.status_code == 200, (address, form.status_code, seen(form)[:300])
    version = re.search(r'name="row_version"[^>]*value="(\d*)"', form.text)
    assert version, address
    return browser.post(address, data={"row_version": version[1]} | typed, follow_redirects=True)


def done(page: Any) -> list[str]:
    """The good news on top of a page; fails when there is bad news."""
    assert page.status_code == 200, page.status_code
    assert not refused(page), refused(page)
    return _told(page, "good")


def refused(page: Any) -> list[str]:
    """The sentences that say no: on top of the page, and those of the fields."""
    fields = re.findall(r'<li><a href="#[^"]*">(.*?)</a></li>', page.text, re.S)
    return [*_told(page, "bad"), *map(plain, fields)]


def _told(page: Any, look: str) -> list[str]:
    return [
        plain(one) for one in re.findall(rf'<div class="alert alert-{look}" role="\w+">(.*?)</div>', page.text, re.S)
    ]


def seen(page: Any) -> str:
    """All words of a page, but for the names of its images."""
    return plain(re.sub(r"<head>.*?</head>", "", page.text, flags=re.S))


def plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def choices(page: Any, name: str) -> list[str]:
    """What may be chosen in a field of a page."""
    field = re.search(rf'<select[^>]*name="{name}"[^>]*>(.*?)</select>', page.text, re.S)
    assert field, name
    return [plain(one) for one in re.findall(r"<option[^>]*>(.*?)</option>", field[1], re.S)]


def wordless(page: Any) -> set[str]:
    """Keys for which there are no words: they show in brackets."""
    return set(re.findall(r"\[[a-z_]+\.[a-z0-9_.]+\]", page.text))


def filtered(browser: FlaskClient | Later, address: str, label: str, value: str) -> Any:
    """A list, narrowed by the filter that is called so."""
    page = browser.get(f"{address}?all=1")
    field = re.search(
        rf'<label for="[^"]*">{re.escape(label)}</label>\s*<(?:select|input)[^>]* name="(\w+)"', page.text
    )
    assert field, label
    return browser.get(f"{address}?{field[1]}={value}")
