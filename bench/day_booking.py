"""The evening before the lock: families book the next weeks of their children, a hundred pages a second.

Each page books or changes a week (five days) of one child by the form of the guardians' pages, as a phone sends it,
with the session and the token of its own family.  `booking_surge_p99_ms`: from the first byte sent to the last
received, over loopback, while as many come as should; `bookings_per_second`: pages that were saved; `booking_lost`:
days that do not stand in the database as the last page of the child left them.
"""

from __future__ import annotations

import http.client
import queue
import re
import threading
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as clock
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer

from bench.day import QUICK, Served, served
from bench.register import figure, tell
from evaka import create_app
from evaka.access import Actor, within
from evaka.models.base import Model, db
from evaka.models.person import Person
from evaka.models.user import User
from evaka.views.user import open_session

RATE, SECONDS, WORKERS = 100, 5 if QUICK else 60, 32
FAMILIES = RATE * 5  # each saves a page every five seconds, which is more than any family does
REFUSED = re.compile(r'(?:<div class="alert alert-bad" role="\w+">|<li><a href="#[^"]*">)(.*?)</', re.S)
AGENT = "Mozilla/5.0 (Linux; Android 14) bench"
BOOKING, PLACEMENT, GUARDIAN, UNIT, USER, GRANT, ABSENCE, HOLIDAY, CLOSURE = (Model.metadata.tables[one] for one in (
    "booking", "placement", "guardian", "unit", "user", "grant", "absence", "holiday_period", "closure"))
NOW = datetime.now(ZoneInfo("Europe/Helsinki"))


def first_monday() -> date:
    """The Monday of the third week from now, which is open whenever the city locks."""
    return NOW.date() + timedelta(days=21 - NOW.weekday())


def prepare(engine: sa.Engine) -> None:
    """Nothing is booked for the weeks to come, and the guardians of some children can log in."""
    with engine.begin() as connection:
        connection.execute(BOOKING.delete().where(BOOKING.c.day >= first_monday()))
        connection.execute(ABSENCE.delete().where(ABSENCE.c.day >= first_monday()))
        connection.execute(HOLIDAY.delete())
        connection.execute(CLOSURE.delete().where(CLOSURE.c.end_date >= first_monday()))  # every day is one to book
        pairs = {person: child for child, person in connection.execute(
            sa.select(PLACEMENT.c.child_id, GUARDIAN.c.guardian_id)
            .join(GUARDIAN, GUARDIAN.c.child_id == PLACEMENT.c.child_id).join(UNIT, UNIT.c.id == PLACEMENT.c.unit_id)
            .where(PLACEMENT.c.start_date <= NOW.date(), PLACEMENT.c.care_type == "daycare",
                   sa.cast(UNIT.c.features, sa.Text).contains('"bookings"'), ~GUARDIAN.c.blocked,
                   PLACEMENT.c.end_date.is_(None) | (PLACEMENT.c.end_date > first_monday() + timedelta(days=60)))
            .order_by(PLACEMENT.c.id).limit(FAMILIES * 3)).tuples()}
        known = set(connection.scalars(sa.select(USER.c.person_id).where(USER.c.person_id.is_not(None))))
        number = connection.scalar(sa.select(sa.func.max(USER.c.id))) or 0
        new = [person for person in pairs if person not in known][:FAMILIES]
        connection.execute(USER.insert(), [
            {"id": number + n, "name": f"Huoltaja {n}", "email": f"bench-{n}@example.fi", "person_id": person,
             "must_change_password": False} for n, person in enumerate(new, start=1)])
        connection.execute(GRANT.insert(), [
            {"user_id": number + n, "role": "guardian", "start_date": date(2020, 1, 1)}
            for n in range(1, len(new) + 1)])
        if engine.dialect.name == "postgresql":
            for table in ("user", "grant"):
                connection.exec_driver_sql(
                    f"""SELECT setval(pg_get_serial_sequence('"{table}"', 'id'), (SELECT max(id) FROM "{table}"))""")


class Phone:
    """A guardian's: the cookie of a session, the token of its forms, the child."""

    def __init__(self, child: int, cookie: str, token: str) -> None:
        self.child, self.cookie, self.token = child, cookie, token
        self.weeks = 0


def phones(one: Served) -> list[Phone]:
    """Sessions as a log-in would open them, and forms' tokens as a page would hold them."""
    app = create_app(TESTING=True, SECRET_KEY=(one.folder / "secret.key").read_text(encoding="utf-8").strip(),
                     SQLALCHEMY_DATABASE_URI=one.url, CITY="harjula", DATA=one.folder, SMTP="", BASE_URL="")
    found = []
    with app.app_context():
        rows = db.session.execute(
            sa.select(User, PLACEMENT.c.child_id).join(GUARDIAN, GUARDIAN.c.guardian_id == User.person_id)
            .join(PLACEMENT, PLACEMENT.c.child_id == GUARDIAN.c.child_id)
            .where(User.email.like("bench-%"), PLACEMENT.c.care_type == "daycare",
                   PLACEMENT.c.start_date <= NOW.date(),
                   PLACEMENT.c.end_date.is_(None) | (PLACEMENT.c.end_date > first_monday() + timedelta(days=60)))
            .order_by(User.id)).all()
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        for user, child in {user.id: (user, child) for user, child in rows}.values():
            # of some children a guardian is not told where they are
            own = within(Actor(user, NOW), "booking.book", Person)
            if db.session.scalar(sa.select(Person.id).where(Person.id == child, own)) is None:
                continue
            secret = f"bench-{user.id}"
            session = {"_user_id": open_session(user, NOW, "127.0.0.1", AGENT), "_fresh": True, "csrf_token": secret}
            token = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="wtf-csrf-token").dumps(secret)
            found.append(Phone(child, f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(session)}", token))
        db.session.flush()
        db.session.info.pop("changes", None)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return found


def page(phone: Phone, week: int) -> tuple[str, dict[date, tuple[clock, clock]]]:
    """A form that books a week, and what then stands of it."""
    monday = first_monday() + timedelta(days=7 * (week % 4))
    begins, ends = clock(7 + week % 3), clock(14 + week % 3)
    typed = {"csrf_token": phone.token, "children": phone.child, "first": monday.isoformat(),
             "last": (monday + timedelta(days=4)).isoformat()}
    typed |= {f"week-{day}-{side}": f"{at:%H:%M}" for day in range(1, 6)
              for side, at in (("start", begins), ("end", ends))}
    return urlencode(typed), {monday + timedelta(days=n): (begins, ends) for n in range(5)}


def run(one: Served) -> None:
    with served(one):
        surge(one)


def _awake(one: Served) -> None:
    """The port answers before the workers have made the application: wait for a page."""
    line = http.client.HTTPConnection("127.0.0.1", one.port, timeout=120)
    line.request("GET", "/login")
    line.getresponse().read()


def surge(one: Served, ready: Callable[[], object] = lambda: None) -> None:
    """A minute of pages; `ready` is called when everything is prepared and the first is about to be sent."""
    _awake(one)
    known = phones(one)
    work: queue.Queue[tuple[float, Phone, int] | None] = queue.Queue()
    taken: list[float] = []
    wrong: list[str] = []
    stands: dict[tuple[int, date], tuple[clock, clock]] = {}
    locks = {phone.child: threading.Lock() for phone in known}

    def worker() -> None:
        line = http.client.HTTPConnection("127.0.0.1", one.port, timeout=60)
        while (job := work.get()) is not None:
            due, phone, week = job
            time.sleep(max(0.0, due - time.perf_counter()))
            body, days = page(phone, week)
            with locks[phone.child]:
                began = time.perf_counter()
                try:
                    status, went, said = _sent(line, phone, body)
                except (OSError, http.client.HTTPException) as no:
                    wrong.append(str(no))
                    for day in days:  # nobody knows whether it came
                        stands.pop((phone.child, day), None)
                    continue
                taken.append(time.perf_counter() - began)
                if status == 302 and "/my/booking/" in went:
                    stands.update({(phone.child, day): span for day, span in days.items()})
                else:
                    wrong.append(f"child {phone.child}, {min(days)}: {status} {went} {said}")

    ready()
    began = time.perf_counter() + 0.5
    for n in range(RATE * SECONDS):
        phone = known[n % len(known)]
        work.put((began + n / RATE, phone, n // len(known)))
    threads = [threading.Thread(target=worker) for _ in range(WORKERS)]
    for thread in threads:
        work.put(None)
        thread.start()
    for thread in threads:
        thread.join()
    lasted = time.perf_counter() - began
    for no in wrong[:5]:
        tell(no)
    tell(f"{len(wrong)} of {RATE * SECONDS} pages were not saved")
    ordered = sorted(taken)
    figure(f"booking_surge_p99_ms_{one.kind}", 1000 * ordered[int(len(ordered) * 0.99)], "ms")
    figure(f"booking_surge_median_ms_{one.kind}", 1000 * ordered[len(ordered) // 2], "ms")
    figure(f"bookings_per_second_{one.kind}", (len(taken) - len(wrong)) / lasted, "1/s")
    figure(f"booking_lost_{one.kind}", _lost(one.engine, stands), "days")


def _sent(line: http.client.HTTPConnection, phone: Phone, body: str) -> tuple[int, str, str]:
    """The status, where it leads and what is refused.

    A connection that the server has closed while it waited is opened once more, as browsers do.
    """
    for fresh in (False, True):
        try:
            line.request("POST", "/my/booking/many/", body, {
                "Cookie": phone.cookie, "User-Agent": AGENT, "Content-Type": "application/x-www-form-urlencoded"})
            answer = line.getresponse()
            said = REFUSED.search(answer.read().decode())
            return answer.status, answer.getheader("Location") or "", said[1].strip() if said else ""
        except (OSError, http.client.HTTPException):
            line.close()
            if fresh:
                raise
    raise AssertionError


def _lost(engine: sa.Engine, stands: dict[tuple[int, date], tuple[clock, clock]]) -> int:
    """Days that are not as they should be: missing, doubled or with other times; public holidays are no days."""
    from evaka.rules.calendar import is_business_day

    wanted = {key: span for key, span in stands.items() if is_business_day(key[1])}
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(BOOKING.c.child_id, BOOKING.c.day, BOOKING.c.begins, BOOKING.c.ends)
            .where(BOOKING.c.day >= first_monday())).all()
    children = {child for child, _ in stands}
    held = {(child, day): (begins, ends) for child, day, begins, ends in rows if child in children}
    doubled = sum(1 for child, *_ in rows if child in children) - len(held)
    return doubled + sum(held.get(key) != span for key, span in wanted.items())
