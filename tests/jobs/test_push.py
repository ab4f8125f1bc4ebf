"""Notices pushed to a real service on this machine, which opens them as a telephone would."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import func, select

from evaka import city
from evaka.actions.push import keys_in
from evaka.jobs import run
from evaka.jobs.push import PUSH
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent, Email, MailRefusal
from evaka.models.push import PushSubscription
from evaka.texts import say
from tests import factories
from tests.conftest import keep
from tests.phone import Phone

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)


class Service(ThreadingHTTPServer):
    """A push service: keeps what comes, and answers as it was told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, int] = {}
        self.meanwhile: Callable[[], None] = lambda: None  # what happens before it answers
        self.url = f"http://127.0.0.1:{self.server_port}"

    def told(self, phone: Phone) -> list[dict[str, str]]:
        return [json.loads(phone.opened(content)) for _, _, content in self.got]


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), content))
        self.server.meanwhile()
        status = self.server.answers.get(self.path, 201)
        self.send_response(status)
        if status == 307:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with city.trying("city", "push", {"enabled": True, "services": [server.url], "keep_hours": 12}):
        yield server
    server.shutdown()
    thread.join()
    server.server_close()


def agreed(person, service, path="/a"):
    phone, endpoint = Phone(), f"{service.url}{path}"
    factories.save(PushSubscription(
        person_id=person.id, endpoint=endpoint, digest=sha256(endpoint.encode()).hexdigest(), made_at=NOON,
        public_key=phone.public_key, shared_secret=phone.shared_secret, browser="Firefox, Android"))
    return phone


def mail(person, text="message_waits", **fields):
    row = factories.save(Email(**({"person_id": person.id, "text": text, "made_at": NOON, "next_try": NOON} | fields)))
    keep()
    return row


def told_now(by, day="2026-06-01"):
    return run(PUSH, by(None, day))


def test_a_telephone_is_told_that_something_waits_and_not_what(app, by, service):
    anna = factories.person(first_name="Anna", last_name="Metsälä", language="sv", email="anna@example.fi")
    phone = agreed(anna, service)
    row = mail(anna, link="/my/message/details/?id=3")
    assert told_now(by).done == 1
    [(path, headers, content)] = service.got
    assert path == "/a"
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["TTL"] == "43200"
    assert headers["Authorization"].endswith(f"k={keys_in(app.config['DATA']).public}")
    assert len(headers["Topic"]) <= 32
    [told] = service.told(phone)
    assert told["title"] == "Harjula, Småbarnspedagogik"
    chosen = city.read("city")["city"]
    assert told["text"] == say("email.message_waits.subject", "sv", city="Harjula", phone=chosen["phone"],
                               department=chosen["department"]["sv"])
    assert told["path"] == "/my/message/details/?id=3"
    for word in ("Anna", "Metsälä"):
        assert word not in json.dumps(told, ensure_ascii=False)
    assert anna.last_name.encode() not in content
    db.session.expire_all()
    assert db.session.get(Email, row.id).pushed_at == NOON
    assert db.session.get(Email, row.id).sent_at is None  # the mail goes its own way
    assert told_now(by).done == 0
    assert len(service.got) == 1


def test_a_notice_without_a_page_of_its_own_leads_where_its_mail_does(by, service):
    anna = factories.person()
    phone = agreed(anna, service)
    mail(anna, "decision_waits")
    told_now(by)
    assert [one["path"] for one in service.told(phone)] == ["/my/decision/"]


def test_all_telephones_of_a_reader_are_told_and_nobody_elses(by, service):
    anna, other = factories.person(), factories.person()
    agreed(anna, service, "/a")
    agreed(anna, service, "/b")
    agreed(other, service, "/c")
    mail(anna)
    told_now(by)
    assert sorted(path for path, _, _ in service.got) == ["/a", "/b"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_telephone_that_takes_nothing_any_more_is_forgotten(by, service, status):
    anna = factories.person()
    agreed(anna, service, "/a")
    agreed(anna, service, "/b")
    service.answers["/a"] = status
    row = mail(anna)
    mail(anna, "decision_waits")
    told_now(by)
    assert [path for path, _, _ in service.got].count("/a") == 1
    assert [one.endpoint[-2:] for one in db.session.scalars(select(PushSubscription))] == ["/b"]
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "push.forgotten")).one()
    assert (line.person_id, line.facts) == (anna.id, {"browser": "Firefox, Android"})
    db.session.expire_all()
    assert db.session.get(Email, row.id).pushed_at == NOON


def test_what_no_service_takes_is_tried_again_for_an_hour(by, service):
    anna = factories.person()
    agreed(anna, service)
    service.answers["/a"] = 503
    mail(anna)
    assert set(told_now(by).failed.values()) == {"push.error.refused"}
    service.answers["/a"] = 201
    assert told_now(by).done == 1
    late = mail(anna, made_at=NOON - timedelta(minutes=61))
    assert told_now(by).done == 0
    db.session.expire_all()
    assert db.session.get(Email, late.id).pushed_at is None


def test_where_nobody_answers_the_mail_still_goes(by, service):
    anna = factories.person()
    agreed(anna, service)
    service.shutdown()
    service.server_close()
    mail(anna)
    assert set(told_now(by).failed.values()) == {"push.error.silent"}


def test_an_address_that_no_host_can_have_is_forgotten_and_stops_nobody(by, service):
    anna, other = factories.person(), factories.person()
    agreed(anna, service, "/a")
    agreed(anna, service, "/ä")
    agreed(other, service, "/b")
    mail(anna)
    mail(other)
    assert told_now(by).failed == {}
    assert sorted(path for path, _, _ in service.got) == ["/a", "/b"]
    assert sorted(db.session.scalars(select(PushSubscription.endpoint))) == [f"{service.url}/a", f"{service.url}/b"]


def test_what_was_told_is_kept_before_the_next_is_told(by, service):
    """Whatever stops a run, no telephone rings twice for a notice."""
    for number in range(3):
        one = factories.person()
        agreed(one, service, f"/{number}")
        mail(one)
    engine, marked = db.engine, []

    def look() -> None:
        with engine.connect() as connection:
            marked.append(connection.scalar(select(func.count()).select_from(Email).where(Email.pushed_at.is_not(None))))

    service.meanwhile = look
    assert told_now(by).failed == {}
    assert marked == [0, 1, 2]


def test_nothing_that_a_service_says_sends_us_elsewhere(by, service):
    anna = factories.person()
    agreed(anna, service)
    service.answers["/a"] = 307
    mail(anna)
    assert set(told_now(by).failed.values()) == {"push.error.refused"}
    assert [path for path, _, _ in service.got] == ["/a"]


def test_a_service_that_the_city_has_struck_out_is_not_written_to(by, service):
    anna = factories.person()
    agreed(anna, service)
    mail(anna)
    with city.trying("city", "push", {"enabled": True, "services": ["https://push.example"], "keep_hours": 12}):
        told_now(by)
    assert service.got == []
    assert db.session.scalars(select(PushSubscription)).all() == []


def test_who_does_without_a_kind_of_notices_is_not_told_of_it(by, service):
    anna = factories.person()
    agreed(anna, service)
    factories.save(MailRefusal(person_id=anna.id, kind="messages"))
    mail(anna)
    told_now(by)
    assert service.got == []


def test_notices_wait_as_mails_do_and_a_city_that_has_not_agreed_pushes_nothing(by, service):
    anna = factories.person()
    agreed(anna, service)
    mail(anna, next_try=NOON + timedelta(minutes=1))  # what was sent may still be taken back
    assert told_now(by).done == 0
    mail(anna)
    with city.trying("city", "push", {"enabled": False, "services": [service.url], "keep_hours": 12}):
        assert told_now(by).done == 0
    assert service.got == []
