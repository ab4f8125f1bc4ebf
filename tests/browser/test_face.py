"""The face in a real browser: nothing for axe-core to find, nothing refused by the content policy, all by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.axe import carry_axe, violations
from tests.browser.conftest import PASSWORD

pytestmark = [
    # the server of the tests leaves a file open when the browser goes on before it has come
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # Flask-Admin's own select fields still speak the language of an older WTForms
    pytest.mark.filterwarnings("ignore:Passing SelectField choices as tuples:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Yielding raw tuples from iter_choices:DeprecationWarning"),
]
NOT_PAGES = re.compile(r"^/(language|static)|export|download|/paper/")
ALIKE = "table|role|file|name|level|kind|job"  # pages that differ in these alone are one page of many contents
ENOUGH = 350  # pages of one walk; more means that its addresses no longer repeat


@pytest.fixture
def enter(chromium: Browser, harjula: SimpleNamespace) -> Iterator[Callable[..., Page]]:
    """Somebody's browser with the content policy in force: enter("admin", width=390, language="sv", script=False)."""
    windows = []

    def open_window(who: str, width: int = 1440, language: str = "fi", script: bool = True) -> Page:
        window = carry_axe(chromium.new_context(
            viewport={"width": width, "height": 900}, locale="fi-FI", base_url=harjula.url, java_script_enabled=script))
        windows.append(window)
        page = window.new_page()
        page.set_default_timeout(8000)
        page.goto(f"/language/{language}?next=/login")
        page.fill("input[name=email]", harjula.users[who])
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield open_window
    for window in windows:
        window.close()


def shape(address: str) -> str:
    """Pages of one kind: /office/person/details/?id=7 is looked at once, whoever it is about."""
    without = re.sub(r"(?<=[?&])(?:sort|desc|page|page_size|search|url|flt\w*)=[^&]*&?", "", address)
    return re.sub(rf"=\d[^&]*|(?<=\b)({ALIKE})=\w+", "=N", without).rstrip("?&")


def faults(page: Page, widths: tuple[int, ...]) -> list[str]:
    """What axe-core finds at the first width, texts that are missing, and scrolling sideways at any."""
    wrong = []
    for width in reversed(widths):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append(f"the page scrolls sideways at {width} px")
    return wrong + violations(page)


def walk(page: Page, start: str, address: str, widths: tuple[int, ...]) -> tuple[int, list[str]]:
    """Follow every link from a page on, in each language in turn; how many pages were looked at, and what is wrong."""
    said: list[str] = []

    def heard(line: Any) -> None:
        if line.type == "error" and not line.text.startswith("Failed to load resource"):
            said.append(line.text)

    page.set_default_timeout(30_000)  # the slowest preview of a job, beside everything else
    page.on("console", heard)
    page.on("pageerror", lambda fault: said.append(str(fault)))
    page.on("request", lambda asked: said.append(asked.url)
            if not asked.url.startswith((address, "data:", "chrome")) else None)
    page.on("response", lambda got: said.append(f"{got.status} {got.url}")
            if got.status >= 400 and got.request.resource_type != "document" else None)
    waiting, known, wrong = [start], set[str](), []
    while waiting:
        target = waiting.pop(0)
        if shape(target) in known:
            continue
        known.add(shape(target))
        assert len(known) < ENOUGH, "\n".join(sorted(known))
        said.clear()
        page.request.get(f"/language/{('fi', 'sv', 'en')[len(known) % 3]}?next=/account", max_redirects=0)
        try:
            answer = page.goto(target)
        except Error as no:
            if "Download is starting" not in str(no):
                raise
            continue  # a file
        if answer is not None and "html" not in answer.headers.get("content-type", "html"):
            continue  # a paper, which the browser shows in pages of its own
        if answer is None or answer.status >= 500 or answer.status in (400, 404, 405):
            wrong.append(f"{target}: {answer and answer.status}")
        wrong += [f"{target}: {fault}" for fault in faults(page, widths) + said]
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href').split('#')[0])")
        waiting += [link for link in links if link.startswith("/") and not NOT_PAGES.search(link)]
    return len(known), wrong


@pytest.mark.parametrize(("who", "start", "widths", "least"), [
    ("admin", "/office/", (1440, 390), 50),
    ("guardian", "/my/", (390, 320, 1440), 5),
])
def test_no_page_has_a_fault(
    enter: Callable[..., Page], harjula: SimpleNamespace, who: str, start: str, widths: tuple[int, ...], least: int
) -> None:
    pages, wrong = walk(enter(who, widths[0]), start, harjula.url, widths)
    assert not wrong, "\n".join(wrong)
    assert pages > least


def test_the_keyboard_skips_to_the_content_and_opens_the_search(enter: Callable[..., Page]) -> None:
    page = enter("admin")
    page.goto("/office/person/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("/")
    page.keyboard.type("Ääri/Aalto")
    assert page.input_value("#search") == "Ääri/Aalto"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("Ääri")
    with page.expect_navigation():
        page.keyboard.press("Enter")  # the only hit opens at once
    assert "Veikko Ääri" in page.inner_text("h1")


def test_the_menu_folds_on_a_small_screen_and_says_so(enter: Callable[..., Page]) -> None:
    page = enter("admin", 390)
    button, first = page.locator(".of-toggle"), page.locator("#menu a").first
    assert button.get_attribute("aria-expanded") == "false"
    assert not first.is_visible()
    button.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    first.press("Escape")
    assert not first.is_visible()
    assert page.evaluate("document.activeElement.classList.contains('of-toggle')")


def test_without_a_script_the_menu_is_open_and_a_mistake_is_told(enter: Callable[..., Page]) -> None:
    page = enter("admin", 390, script=False)
    page.goto("/office/person/new/")
    assert page.locator("#menu a").first.is_visible()
    assert not page.locator(".of-toggle").is_visible()
    page.click("main form button[type=submit]")
    assert page.locator(".of-mistakes a").count() > 0


def test_a_mistake_keeps_what_was_typed_and_leads_to_its_field(enter: Callable[..., Page]) -> None:
    page = enter("admin")
    page.goto("/office/person/new/")
    page.fill("#first_name", "Lempi")
    page.click("main form button[type=submit]")
    expect(page.locator(".of-mistakes")).to_be_focused()
    assert page.input_value("#first_name") == "Lempi"
    assert page.locator(".of-mistakes a").first.get_attribute("href") == "#last_name"
    assert page.get_attribute("#last_name", "aria-invalid") == "true"
    assert "last_name-error" in str(page.get_attribute("#last_name", "aria-describedby"))


def test_leaving_a_changed_form_asks_first(enter: Callable[..., Page]) -> None:
    page = enter("admin")
    page.goto("/office/person/new/")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.fill("#last_name", "Rautakallio")
    page.locator("#menu a").first.click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.input_value("#last_name") == "Rautakallio"


def test_picking_all_rows_counts_them_and_opens_a_preview(enter: Callable[..., Page]) -> None:
    page = enter("admin")
    page.goto("/office/placement/")
    assert page.is_disabled("[data-needs]")
    page.check("[data-all]")
    assert page.inner_text("[data-count]") == str(page.locator("input[name=rowid]").count())
    page.click("[data-needs]")
    page.wait_for_selector("#fit")
    assert faults(page, (1440,)) == []
