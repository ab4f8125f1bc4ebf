"""What axe-core finds on a page that is open in the browser."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

ACCEPTED = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WITHOUT_WORDS = re.compile(r"(?<!\[)\[[a-z_]+(?:\.[a-z0-9_]+)+\](?!\])")  # a key without text; [[ ]] is TOML
SOURCE: str = Axe().axe_script

# how things look: classes, and what can be pressed with what stands round it
LOOKS = """[...new Set([...document.querySelectorAll('[class], a, button, input, select, textarea, summary')].flatMap(
    one => [...one.classList, one.matches('a, button, input, select, textarea, summary') &&
        [one.parentElement, one, one.previousElementSibling, one.nextElementSibling]
            .map(near => near && near.tagName + [...near.classList].sort().join('.')).join(' ')]))]"""
AXE = """asked => axe.run(asked).then(found => found.violations.flatMap(
    one => one.nodes.map(node => `${one.id}: ${node.html.slice(0, 200)}`)))"""
_known: dict[int, set[str]] = {}  # looks that were judged already, by the width of the window


def carry_axe(context: BrowserContext) -> BrowserContext:
    """The pages of the context bring axe-core along, instead of having it sent to each of them."""
    context.add_init_script(SOURCE)
    return context


def violations(page: Page) -> list[str]:
    """What axe-core finds, and the keys of texts that are missing.

    Contrast and the size of what is pressed follow from how things look and are slow to reckon: they are asked of a
    page that has a look which no page of this width had before it.
    """
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE)
    assert page.viewport_size is not None
    known = _known.setdefault(page.viewport_size["width"], set())
    looks = {one for one in page.evaluate(LOOKS) if one}
    classes = {one for one in looks if " " not in one}
    rules = {"color-contrast": {"enabled": not classes <= known}, "target-size": {"enabled": not looks <= known}}
    asked = {"runOnly": ACCEPTED, "resultTypes": ["violations"], "selectors": False, "rules": rules}
    found = page.evaluate(AXE, asked)
    if not found:
        known |= looks
    return [*found, *(f"no words: {key}" for key in WITHOUT_WORDS.findall(page.inner_text("body")))]
