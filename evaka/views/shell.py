"""What surrounds every page: who may come in, the head and menu, the headers, and the calm pages of refusals."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Flask, abort, current_app, g, redirect, render_template, request, url_for
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy import Select, select
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from evaka import city
from evaka.access import Actor, NeedsStrong, by_rights, may, reaches, require_any
from evaka.actions import line_of
from evaka.kit.errors import Refused
from evaka.models.base import ask, db, transaction
from evaka.models.city import lay_over
from evaka.models.connection import writing
from evaka.models.journal import add_lines, written_alone
from evaka.texts import LANGUAGES, say
from evaka.views import GUARDIAN_TABS, MENU, MENU_GROUPS, SHOWN, own, presence
from evaka.views import user as login
from evaka.views.base.request import KEPT, READ
from evaka.views.forms import one_input
from evaka.views.page import FORMATS, actor, address_args, known_url, language, now, person, told, told_refusal

log = logging.getLogger(__name__)
OPEN = {  # to everybody
    "user.login", "user.second_factor", "user.language", "user.identify", "user.identified", "user.provider_keys",
    "user.forgotten", "user.new_password", "city_css", "static", *own.OPEN,
}
OPENS_WITH = {f"{name}.index_view": getattr(screen, "opens_with", {}) for name, screen, _ in MENU}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def install(app: Flask) -> None:
    """Give an application its shell."""
    login.install(app)
    presence.install(app)
    own.install(app)
    app.before_request(_enter)
    app.after_request(_leave)
    app.context_processor(_surroundings)
    app.jinja_env.filters.update(FORMATS)
    app.jinja_env.globals.update(kept_of_file=KEPT // 1024**2, say=told, known_url=known_url, address_args=address_args,
                                 one_input=one_input)
    app.add_url_rule("/", "front", _front)
    app.add_url_rule("/city.css", "city_css", _city_css)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _expired)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _fault)


def _front() -> Any:
    """The first page of whoever comes: the office's, or the guardians'."""
    return redirect(url_for("office.index" if may(actor(), "office.view") else "my.index"))


def _city_css() -> Response:
    """The city's own colour."""
    response = current_app.make_response(render_template("city.css"))
    response.headers["Content-Type"] = "text/css; charset=utf-8"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def _enter() -> Any:
    """Before anything else: say whether this request means to write, and ask for a log-in."""
    view = current_app.view_functions.get(request.endpoint or "")
    writing.set(request.method not in ("GET", "HEAD", "OPTIONS") and not hasattr(view, "reads_first"))
    if any("\0" in text for typed in (request.view_args, request.args) for text in _texts(typed)):
        abort(400)  # no address holds a zero byte, and PostgreSQL keeps none; forms are read without (Patient)
    endpoint = request.endpoint or ""
    if endpoint.endswith("static") or endpoint == "tablet.changes":
        return None  # these ask the database nothing, or nothing of somebody's own
    if request.blueprint == "tablet":  # opened by a device, not by a log-in
        if endpoint != "tablet.taps":  # of these come hundreds a second; the tablets' pages ask every three minutes
            lay_over(now().date())
        return presence.enter()
    if endpoint in OPEN:
        lay_over(now().date())
        return None
    if not current_user.is_authenticated:
        return redirect(url_for("user.login", next=request.full_path.rstrip("?") if request.method == "GET" else None))
    if (elsewhere := login.unfinished(endpoint)) is not None:
        return redirect(elsewhere)
    if request.path.startswith("/office"):
        require_any(actor(), "office.view")
    elif request.path.startswith("/my"):
        require_any(actor(), "my.view")
    return None


def _texts(typed: Any) -> Iterator[str]:
    """What stands in an address."""
    for _, value in typed.items(multi=True) if isinstance(typed, MultiDict) else (typed or {}).items():
        yield str(value)


def _leave(response: Response) -> Response:
    """Headers; and the journal's lines of what was read, without which the page is not shown."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if (request.endpoint or "").rpartition(".")[2] == "static":
        return response  # the look of a page does not depend on the database
    if request.blueprint == "tablet":
        response.headers.setdefault("Cache-Control", "no-store")
    elif person() is not None:
        response.headers.setdefault("Cache-Control", "no-store")
        reads = g.pop("reads", ()) if response.status_code == 200 else ()
        asks_by_itself = (request.endpoint or "").endswith(".pulse")  # a page that is left open is no use of a session
        if reads or (login.is_stale() and not asks_by_itself):
            _write_reads(reads)
    return response


def _write_reads(reads: Any) -> None:
    by = actor()
    lines = [line_of(key, row, by, facts) for key, row, facts in reads]  # while the rows are at hand
    if len(lines) == 1 and not login.is_stale() and written_alone(lines[0]):
        return
    db.session.rollback()  # a reading transaction cannot become a writing one on SQLite
    writing.set(True)
    with transaction():
        login.touch(by.now)
        add_lines(lines)


def _surroundings() -> dict[str, Any]:
    """What every template may use."""
    chosen = city.read("city")["city"]
    me = person()
    in_office = me is not None and not request.path.startswith("/my") and may(actor(), "office.view")
    return {
        "language": language(), "languages": LANGUAGES, "me": me,
        "city": chosen | {"department": chosen["department"][language()]},
        "office": in_office, "menu": menu() if in_office else _tabs() if me else [],
        "today": actor().today if me else None, "now": actor().now if me else None,
    }


def menu() -> list[tuple[str, list[dict[str, Any]]]]:
    """The groups of the office's menu, only what this person may open."""
    by, here = actor(), request.endpoint or ""
    told_of = _answers(_of_office(by))
    found = []
    for group, entries in _entries(language(), frozenset(role for role, _, _ in by.grants), request.script_root):
        items = [
            {"label": label, "url": url, "count": told_of.get(f"count_{name}"),
             "active": here.partition(".")[0] == endpoint.partition(".")[0]
             and (here == endpoint or endpoint.endswith(".index_view"))}
            for name, endpoint, label, url in entries if told_of.get(f"shown_{name}", True)
        ]
        if items:
            found.append((group, items))
    return found


@by_rights
def _of_office(by: Actor) -> Select[Any] | None:
    return _question(by, [(name, counter) for _, entries in MENU_GROUPS
                          for name, _, key, counter in entries if may(by, key)])


@by_rights
def _of_guardian(by: Actor) -> Select[Any] | None:
    return _question(by, [(name, counter) for name, _, _, counter in GUARDIAN_TABS])


def _question(by: Actor, entries: Iterable[tuple[str, Any]]) -> Select[Any] | None:
    """One question for all numbers of a menu, and for whether its entries are shown, by their names."""
    asked = []
    for name, counter in entries:
        if counter is not None:
            asked.append(counter(by).scalar_subquery().label(f"count_{name}"))
        if name in SHOWN:
            asked.append(SHOWN[name](by).scalar_subquery().label(f"shown_{name}"))
    return select(*asked) if asked else None


def _answers(question: Select[Any] | None) -> Mapping[str, Any]:
    return {} if question is None else dict(ask(question).one()._mapping)


@city.remember
def _entries(language: str, roles: frozenset[str], _root: str) -> list[tuple[str, list[Any]]]:
    """By group (name, endpoint, label, address) of what these roles open."""
    return [
        (say(f"menu.group.{group}", language), [
            (name, endpoint, say(f"menu.{name}", language), known_url(endpoint, **OPENS_WITH.get(endpoint, {})))
            for name, endpoint, key, _ in entries if any(reaches(role, key) for role in roles)])
        for group, entries in MENU_GROUPS
    ]


def _tabs() -> list[tuple[str, list[dict[str, Any]]]]:
    by = actor()
    if not may(by, "my.view"):
        return []
    told_of = _answers(_of_guardian(by))
    here = (request.endpoint or "").partition(".")[0]
    if here.startswith("my_") and here not in {endpoint.partition(".")[0] for _, endpoint, _, _ in GUARDIAN_TABS}:
        here = "my_own"  # what has no tab of its own is found under the last one
    return [("", [
        {"label": told(f"menu.{name}"), "url": known_url(endpoint), "icon": icon, "count": told_of.get(f"count_{name}"),
         "active": here == endpoint.partition(".")[0]}
        for name, endpoint, icon, _ in GUARDIAN_TABS if told_of.get(f"shown_{name}", True)
    ])]


# -- refusals and faults ----------------------------------------------------------------------------


def _page(status: int, what: str) -> tuple[str, int]:
    db.session.rollback()
    g.pop("actor", None)
    return render_template("office/error.html", status=status, sentence=what), status


def _refused(no: Refused) -> Any:
    if isinstance(no, NeedsStrong):
        db.session.rollback()
        g.pop("actor", None)
        return login.ask_to_identify(no)
    return _page(no.status, told_refusal(no))


def _expired(_no: CSRFError) -> Any:
    """A form of a session that has ended: nothing was saved."""
    return _page(400, told("error.expired"))


def _http(no: HTTPException) -> Any:
    if isinstance(cause := getattr(no, "original_exception", None), OperationalError):
        return _busy(cause)  # the journal's lines could not be written when the page was done
    status = no.code or 500
    if status < 400:
        return no
    key = f"error.{status}" if status in (400, 403, 404, 405, 413, 429) else "error.500"
    return _page(status, told(key, most=READ // 1024**2) if status == 413 else told(key))


def _busy(no: OperationalError) -> Any:
    log.error("the database did not answer: %s", no.orig)
    g._login_user = AnonymousUserMixin()  # who this is stands in the database: the page does without
    return _page(503, told("error.busy"))


def _fault(no: Exception) -> Any:
    """A fault of ours: logged whole, shown as one calm page."""
    log.exception("%s %s", request.method, request.path, exc_info=no)
    return _page(500, told("error.500"))


