"""Chromium before the real pages: look(user, address, width) opens a page and says what is wrong with it."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from evaka.models.user import User
from tests.conftest import keep

CHROMIUM = os.environ.get("EVAKA_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WITHOUT_WORDS = re.compile(r"\[[a-z_]+(?:\.[a-z_0-9]+)+\]")  # how say() shows a key that has no text


@dataclass
class Seen:
    """A page that stands open in the browser."""

    page: Any
    status: int
    said: list[str]  # by the console: refused styles and scripts, errors, requests to another host

    def faults(self) -> list[str]:
        """What axe-core finds, what the content policy refused, keys without words, sideways scrolling."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page, options={"runOnly": RULES}).response["violations"]
        wrong = [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]
        wrong += [f"no words: {key}" for key in WITHOUT_WORDS.findall(self.page.inner_text("body"))]
        if self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append("the page scrolls sideways")
        return wrong + self.said


@pytest.fixture(scope="session")
def address(app: Flask) -> Iterator[str]:
    """The application, served on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as play:
        program = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield program
        program.close()


@pytest.fixture
def look(app: Flask, database: None, address: str, chromium: Any) -> Iterator[Callable[..., Seen]]:
    """look(user, "/office/person/") logs the user in and opens the page; width 390 is a phone."""
    from evaka.views.user import open_session

    opened = []

    def open_page(
        user: User | None, path: str, width: int = 1440, language: str = "fi", script: bool = True
    ) -> Seen:
        keep()
        window = chromium.new_context(
            viewport={"width": width, "height": 1000 if width > 900 else 844}, locale="fi-FI",
            java_script_enabled=script)
        opened.append(window)
        cookie: dict[str, Any] = {"language": language}
        if user is not None:
            token = open_session(user, app.config["NOW"](), "127.0.0.1", "pytest")
            cookie |= {"_user_id": token, "_fresh": True}
            keep()
        signed = app.session_interface.get_signing_serializer(app).dumps(cookie)  # type: ignore[attr-defined]
        window.add_cookies([{"name": app.config["SESSION_COOKIE_NAME"], "value": signed, "url": address}])
        page = window.new_page()
        said: list[str] = []
        page.on("console", lambda line: said.append(line.text)
                if line.type == "error" and not line.text.startswith("Failed to load resource") else None)
        page.on("pageerror", lambda fault: said.append(str(fault)))
        page.on("request", lambda asked: said.append(asked.url)
                if not asked.url.startswith((address, "data:")) else None)
        page.on("response", lambda got: said.append(f"{got.status} {got.url}")
                if got.status >= 400 and got.request.resource_type != "document" else None)
        return Seen(page, page.goto(address + path).status, said)

    yield open_page
    for window in opened:
        window.close()
