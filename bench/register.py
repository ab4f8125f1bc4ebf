"""The register of children: our screens beside Django admin, on the same rows, request by request.

    make bench B=register          python -m bench.register

prints one figure a line, NAME VALUE UNIT.  The city of SIZE (espoo unless given) is made once under EVAKA_DATA/bench
and copied: one copy for us, one for Django, and one with ten times the people.  Every contender is served by
gunicorn with two processes of four threads, all are up at once, and they take turns request by request, so that a busy
machine is busy for all.  Each answer is checked: both lists must name the same people in the same order.

PostgreSQL takes part when EVAKA_TEST_DATABASE_URL, or else 127.0.0.1:5432, answers.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import sqlalchemy as sa

from bench.rows import PEOPLE, copied_to_postgres, made_tenfold
from evaka.demo.logins import CASE_WORKER, PASSWORD

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "evaka" / "models" / "migrations" / "versions"
FOLDER = Path(os.environ.get("EVAKA_DATA", ROOT / "data")) / "bench"
SIZE = os.environ.get("SIZE", "espoo")
TURNS = int(os.environ.get("BENCH_TURNS", "100"))  # requests of each page from each contender
BURST = float(os.environ.get("BENCH_BURST", "4"))  # seconds of requests from four browsers at once
PORT = int(os.environ.get("BENCH_PORT", "8116"))
PAGES = os.environ.get("BENCH_PAGES", "list,filter,search,box,edit,detail,save").split(",")
WRONG = re.compile(r'(?s)<(?:ul class="errorlist|p class="of-error|div class="alert)[^>]*>.*?</(?:ul|p|div)>')
LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"


def figure(name: str, value: float, unit: str) -> None:
    places = 3 if unit in ("ratio", "share", "s") else 1
    print(f"{name} {value:.{places}f} {unit}", flush=True)


def yardstick() -> None:
    """How fast the machine itself is just now, so that figures of two machines, or of two hours, can be compared."""
    def turns() -> float:
        began, total = time.perf_counter(), 0
        for n in range(1_000_000):
            total += n
        return time.perf_counter() - began

    figure("yardstick_ms", 1000 * statistics.median(turns() for _ in range(9)), "ms")


def tell(what: str) -> None:
    print(f"# {what}", file=sys.stderr, flush=True)


# -- a browser ------------------------------------------------------------------------------------


class Fields(HTMLParser):
    """What a form would send as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.select = self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "input" and name and given.get("type") not in ("submit", "button", "search", "file", "image"):
            ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
            if ticked and not (name in self.found and name == "csrfmiddlewaretoken"):
                self.found[name] = given.get("value") or ""
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.found[self.select] = given.get("value") or ""
        elif tag == "textarea":
            self.area, self.found[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.found[self.area] = self.found[self.area].removeprefix("\r").removeprefix("\n")
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.found[self.area] += data


@dataclass
class Answer:
    status: int
    text: str
    seconds: float


@dataclass
class Browser:
    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    line: http.client.HTTPConnection | None = None

    def ask(self, path: str, form: dict[str, str] | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "User-Agent": "bench"}
        body = None
        if form is not None:
            body = urlencode(form)
            headers |= {"Content-Type": "application/x-www-form-urlencoded",
                        "Referer": f"http://127.0.0.1:{self.port}{path}"}
        for fresh in (False, True):  # the server may have closed an idle line
            if fresh or self.line is None:
                self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            began = time.perf_counter()
            try:
                self.line.request("GET" if body is None else "POST", path, body, headers)
                answer = self.line.getresponse()
                text = answer.read().decode()
                break
            except (http.client.HTTPException, ConnectionError):
                if fresh:
                    raise
        seconds = time.perf_counter() - began
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return Answer(answer.status, text, seconds)

    def form(self, path: str) -> dict[str, str]:
        fields = Fields()
        fields.feed(self.ask(path).text)
        return fields.found


# -- the contenders -------------------------------------------------------------------------------


@dataclass
class Contender:
    """`pages` give the address of each page for the n-th turn."""

    name: str
    url: str
    module: str
    environment: dict[str, str]
    pages: dict[str, Callable[[int], str]]
    row: re.Pattern[str]  # finds the ids of a list in its page
    browser: Browser = field(default_factory=lambda: Browser(0))
    process: subprocess.Popen[bytes] | None = None

    def start(self, port: int) -> None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                raise SystemExit(f"Port {port} is in use: choose others with BENCH_PORT.")
        command = [sys.executable, "-m", "gunicorn", "-c", "bench/served.py", self.module]
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ | self.environment | {"PORT": str(port)})
        self.browser = Browser(port)
        for _ in range(240):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} did not start")
            time.sleep(0.25)
        self.log_in()

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def log_in(self) -> None:
        door = "/login" if self.module == "app:app" else "/admin/login/"
        known = {"email": CASE_WORKER.email, "password": PASSWORD} if self.module == "app:app" else {
            "username": "bench", "password": "bench"}
        answer = self.browser.ask(door, self.browser.form(door) | known)
        if answer.status != 302:
            raise SystemExit(f"{self.name} did not let us in: {answer.status}")

    def listed(self, page: str, n: int) -> list[int]:
        answer = self.browser.ask(self.pages[page](n))
        if answer.status != 200:
            raise SystemExit(f"{self.name} answers {answer.status} to {self.pages[page](n)}")
        return list(dict.fromkeys(int(one) for one in self.row.findall(answer.text)))

    def save(self, page: str, n: int) -> float:
        """Change one field in the form of a child; only the sending is timed.

        Whoever is refused looks at the form again, as people do, and is told of here; twice is a fault.
        """
        for _ in range(2):
            form = self.browser.form(self.pages[page](n)) | {"phone": f"040 555 {n % 10000:04}"}
            answer = self.browser.ask(self.pages[page](n), form)
            if answer.status == 302:
                return answer.seconds
            tell(f"{self.name} did not save child {n}: {answer.status} {' '.join(WRONG.findall(answer.text))[:300]}")
        raise SystemExit(f"{self.name} does not save")


def ours(name: str, url: str, folder: Path, sample: Sample) -> Contender:
    return Contender(
        name, url, "app:app",
        {"EVAKA_DATA": str(folder), "EVAKA_DATABASE_URL": url, "EVAKA_HTTP": "1", "EVAKA_CITY": "harjula"},
        {
            "list": lambda n: "/office/person/?flt0_0=1",
            "filter": lambda n: f"/office/person/?flt0_0=1&flt2_2={sample.unit(n)}",
            "search": lambda n: f"/office/person/?flt0_0=1&search={quote(sample.words(n))}",
            "box": lambda n: f"/office/search/?q={quote(sample.words(n))}",
            "edit": lambda n: f"/office/person/edit/?id={sample.child(n)}",
            "detail": lambda n: f"/office/person/details/?id={sample.child(n)}",
        },
        re.compile(r'<th scope="row"><a href="/office/person/details/\?id=(\d+)"'))


def djangos(name: str, url: str, sample: Sample) -> Contender:
    def marked(n: int) -> str:
        return quote(" ".join(f"·{word}" for word in sample.words(n).split()))

    return Contender(
        name, url, "bench.django_admin:app", {"BENCH_DATABASE": url.replace("+psycopg", "")},
        {
            "list": lambda n: "/admin/bench/person/?child=1",
            "filter": lambda n: f"/admin/bench/person/?child=1&unit={sample.unit(n)}",
            "search": lambda n: f"/admin/bench/person/?child=1&q={marked(n)}",
            "edit": lambda n: f"/admin/bench/person/{sample.child(n)}/change/",
            "detail": lambda n: f"/admin/bench/childfile/{sample.child(n)}/change/",
        },
        re.compile(r'<th class="field-name"><a href="/admin/bench/person/(\d+)/change/'))


@dataclass
class Sample:
    """Whom the turns ask for: the same for every contender."""

    people: list[tuple[int, str]]  # child, words that find it among others
    units: list[int]

    @classmethod
    def drawn(cls, connection: sa.Connection) -> Sample:
        day = sa.func.date("now") if connection.dialect.name == "sqlite" else sa.func.current_date()
        person, placement = PEOPLE["person"], PEOPLE["placement"]
        placed = sa.select(placement.c.child_id).where(
            placement.c.start_date <= day, sa.or_(placement.c.end_date.is_(None), placement.c.end_date >= day))
        rows = connection.execute(
            sa.select(person.c.id, person.c.search_key).where(person.c.id.in_(placed), ~person.c.restricted)
            .where(person.c.language == "fi")
            .order_by((person.c.id * 7919) % 104729).limit(TURNS)).all()
        words = [[word.lstrip("·") for word in key.split()] for _, key in rows]
        units = connection.scalars(
            sa.select(placement.c.unit_id).where(placement.c.child_id.in_([id for id, _ in rows]))).all()
        return cls(
            [(id, f"{one[1][:3]} {one[0][:5]}") for (id, _), one in zip(rows, words, strict=True)],
            sorted(set(units)))

    def child(self, n: int) -> int:
        return self.people[n % len(self.people)][0]

    def words(self, n: int) -> str:
        return self.people[n % len(self.people)][1]

    def unit(self, n: int) -> int:
        return self.units[n % len(self.units)]


# -- measuring ------------------------------------------------------------------------------------


def p95(seconds: list[float]) -> float:
    return 1000 * sorted(seconds)[int(0.95 * (len(seconds) - 1) + 0.5)]


def check(us: Contender, django: Contender) -> None:
    """Nobody wins with fewer rows, or with others."""
    for page in ("list", "filter", "search"):
        for n in range(3):
            mine, theirs = us.listed(page, n), django.listed(page, n)
            if not mine or mine != theirs:
                raise SystemExit(f"{page} {n}: we show {mine[:5]}…, Django shows {theirs[:5]}…")
    for n in range(3):
        for one in (us, django):
            form = one.browser.form(one.pages["edit"](n))
            if "medication" not in form or not form["last_name"]:
                raise SystemExit(f"{one.name}: the form of child {n} is not whole")
            if form["last_name"] not in one.browser.ask(one.pages["detail"](n)).text:
                raise SystemExit(f"{one.name}: the page of child {n} does not name it")


def measure(contenders: list[Contender], page: str) -> dict[str, list[float]]:
    """The seconds of a page by contender; they take turns, and who begins changes."""
    taken: dict[str, list[float]] = {one.name: [] for one in contenders}
    for n in range(-4, TURNS):
        first = n % len(contenders)
        for one in contenders[first:] + contenders[:first]:
            if page == "save":
                seconds = one.save("edit", n)
            else:
                answer = one.browser.ask(one.pages[page](n))
                if answer.status not in (200, 302) or (answer.status == 302 and page != "box"):
                    raise SystemExit(f"{one.name} answers {answer.status} to {one.pages[page](n)}")
                seconds = answer.seconds
            if n >= 0:  # the first turns warm up
                taken[one.name].append(seconds)
    return taken


def requests_per_second(one: Contender) -> float:
    """Lists a second that four browsers get at once."""
    until, counted, turns = time.perf_counter() + BURST, itertools.count(), itertools.count()

    def browse() -> None:
        browser = Browser(one.browser.port, dict(one.browser.cookies))
        while time.perf_counter() < until:
            if browser.ask(one.pages["list"](next(turns))).status == 200:
                next(counted)

    threads = [threading.Thread(target=browse) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return next(counted) / BURST


def compare(kind: str, us: Contender, django: Contender, ten: Contender) -> None:
    with contextlib.ExitStack() as stack:
        for n, one in enumerate((us, django, ten)):
            stack.callback(one.stop)
            one.start(PORT + n)
        check(us, django)
        for page in PAGES:
            taken = measure([us, ten] if page == "box" else [us, django, ten], page)
            mine, tenfold = taken[us.name], taken[ten.name]
            name = "search_box" if page == "box" else page  # Django admin has nothing like it
            figure(f"{name}_p95_ms_{kind}", p95(mine), "ms")
            figure(f"{name}_median_ms_{kind}", 1000 * statistics.median(mine), "ms")
            if theirs := taken.get(django.name):
                figure(f"{name}_p95_ms_django_{kind}", p95(theirs), "ms")
                figure(f"django_ratio_p95_{name}_{kind}", p95(mine) / p95(theirs), "ratio")
                figure(f"django_ratio_median_{name}_{kind}",
                       statistics.median(mine) / statistics.median(theirs), "ratio")
            figure(f"ten_times_{name}_ratio_{kind}", statistics.median(tenfold) / statistics.median(mine), "ratio")
        rates = [(requests_per_second(us), requests_per_second(django)) for _ in range(2)]
        figure(f"requests_per_second_{kind}", max(mine for mine, _ in rates), "1/s")
        figure(f"requests_per_second_django_{kind}", max(theirs for _, theirs in rates), "1/s")


# -- the city and its copies ------------------------------------------------------------------------


def city() -> Path:
    """The city of SIZE in a SQLite file, made once for each newest migration."""
    folder = FOLDER / SIZE
    done, newest = folder / "made", max(one.name for one in MIGRATIONS.glob("[0-9]*.py"))
    if not done.exists() or done.read_text() != newest:
        tell(f"making the city of {SIZE}, which is kept in {FOLDER.name}/{SIZE} for the next time")
        shutil.rmtree(folder, ignore_errors=True)
        environment = {k: v for k, v in os.environ.items() if k != "EVAKA_DATABASE_URL"}
        environment |= {"EVAKA_DATA": str(folder), "EVAKA_HTTP": "1", "EVAKA_CITY": "harjula"}
        subprocess.run([sys.executable, "-m", "flask", "--app", "app", "load-demo", "--upgrade", "--size", SIZE],
                       cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        with contextlib.closing(sqlite3.connect(folder / "evaka.sqlite")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        done.write_text(newest)
    return folder / "evaka.sqlite"


def copy_of(origin: Path, name: str) -> tuple[Path, str]:
    folder = FOLDER / "run" / name
    folder.mkdir(parents=True)
    shutil.copyfile(origin, folder / "evaka.sqlite")
    return folder, f"sqlite:///{folder / 'evaka.sqlite'}"


def ready_for_django(url: str) -> None:
    subprocess.run([sys.executable, "-m", "bench.django_admin"], cwd=ROOT, check=True,
                   env=os.environ | {"BENCH_DATABASE": url.replace("+psycopg", "")})


def on_sqlite(origin: Path) -> None:
    (mine, url), (_, theirs), (large, tenfold) = (copy_of(origin, one) for one in ("ours", "django", "tenfold"))
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        sample = Sample.drawn(connection)
    engine.dispose()
    ready_for_django(theirs)
    tell("SQLite: ten times the people")
    made_tenfold(tenfold)
    compare("sqlite", ours("ours", url, mine, sample), djangos("Django", theirs, sample),
            ours("tenfold", tenfold, large, sample))


def postgres() -> str | None:
    """The address of a PostgreSQL that answers."""
    url = os.environ.get("EVAKA_TEST_DATABASE_URL") or LOCAL
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return None
    return url


@contextlib.contextmanager
def databases(server: str) -> Iterator[list[str]]:
    """Three databases of our own, dropped at the end; the second and third are made from the first when it is full."""
    names = [f"evaka_bench_{os.getpid()}_{one}" for one in ("ours", "django", "tenfold")]
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    try:
        yield [url.set(database=name).render_as_string(hide_password=False) for name in names]
    finally:
        with psycopg.connect(server, autocommit=True) as keeper:
            for name in names:
                keeper.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def on_postgres(origin: Path, server: str) -> None:
    with databases(server) as (url, theirs, tenfold):
        first = sa.make_url(url).database
        with psycopg.connect(server, autocommit=True) as keeper:
            keeper.execute(f'CREATE DATABASE "{first}"')
        tell("PostgreSQL: copying the city")
        folder = FOLDER / "run" / "postgres"
        copied_to_postgres(origin, url, folder)
        with psycopg.connect(server, autocommit=True) as keeper:
            for other in (theirs, tenfold):
                keeper.execute(f'CREATE DATABASE "{sa.make_url(other).database}" TEMPLATE "{first}"')
        ready_for_django(theirs)
        tell("PostgreSQL: ten times the people")
        made_tenfold(tenfold)
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            sample = Sample.drawn(connection)
        engine.dispose()
        compare("postgres", ours("ours", url, folder, sample), djangos("Django", theirs, sample),
                ours("tenfold", tenfold, folder, sample))


def main() -> None:
    yardstick()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers and copies go too when we are told to stop
    origin = city()
    shutil.rmtree(FOLDER / "run", ignore_errors=True)
    only = os.environ.get("BENCH_ONLY", "")
    try:
        if only != "postgres":
            on_sqlite(origin)
        if only != "sqlite":
            if (server := postgres()) is None:
                tell("no PostgreSQL answers: its figures are left out")
            else:
                on_postgres(origin, server)
    finally:
        shutil.rmtree(FOLDER / "run", ignore_errors=True)


if __name__ == "__main__":
    main()
