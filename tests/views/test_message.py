"""The boxes, the conversations and a new letter, as the staff and the guardians see them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from evaka.actions import message as act
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.message import Message, Post, Receipt, Thread
from evaka.models.person import Guardian, Person
from evaka.models.unit import Group
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import PostKind
from evaka.views.message import newest_unread
from tests import factories
from tests.conftest import keep
from tests.pages import seen, wordless

pytestmark = pytest.mark.usefixtures("database")
WORDS = {"title": "Retki", "body": "Huomenna menemme metsään."}


def person(first: str, last: str, **fields: Any) -> Person:
    return factories.person(first_name=first, last_name=last, **fields)


def in_the_group(group: Group, first: str, guardian: Person) -> Person:
    child = factories.child(guardian, first_name=first, last_name=guardian.last_name)
    factories.in_group(factories.placement(child, date(2025, 8, 1), unit=group.unit), group)
    return child


def hidden(page: Any, name: str) -> str:
    [found] = re.findall(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', page.text)
    return str(found)


def shown(page: Any) -> dict[str, str]:
    """What the page of recipients sends back: whom and which words it has shown."""
    return {name: hidden(page, name) for name in ("seen", "row_version")}


def threads() -> int:
    return db.session.scalar(select(func.count(Thread.id))) or 0


@pytest.fixture
def group() -> Group:
    return factories.group(factories.unit("Metsäpolku"), "Siilit")


@pytest.fixture
def director(group: Group) -> Any:
    return factories.user("director", unit=group.unit, name="Maija Mäkelä")


@pytest.fixture
def anna() -> Person:
    return person("Anna", "Virtanen", street="Salainen tie 5", restricted=True)


@pytest.fixture
def family(group: Group, anna: Person) -> Any:
    """Anna's child in the group, and Anna as a user."""
    in_the_group(group, "Aino", anna)
    return factories.user("guardian", person=anna)


@pytest.fixture
def thread(group: Group, director: Any, family: Any, by: Any) -> Thread:
    """A conversation that the director began and Anna has answered."""
    act.send(group, by(director), **WORDS)
    row = db.session.scalars(select(Thread)).one()
    act.reply(row, by(family), body="Aino tulee mukaan.")
    return row


@contextmanager
def queries() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


# -- a new letter -----------------------------------------------------------------------------------


def drafted(client: Any, group: Group, **typed: Any) -> str:
    """A letter to the whole group from its box, kept as a draft; the page that shows who gets it."""
    page = client.post(f"/office/message/write/?from=group-{group.id}", data=WORDS | {
        "kind": "message", "groups": str(group.id), "present": "1", "press": "check"} | typed)
    assert page.status_code == 302, seen(page)
    return str(page.headers["Location"])


def test_nobody_sends_before_seeing_who_gets_it_and_the_second_press_sends_nothing(group, director, family, browser):
    pekka = person("Pekka", "Korhonen", email=None)
    lonely = in_the_group(group, "Onni", pekka)
    db.session.execute(sa.update(Guardian).where(Guardian.child_id == lonely.id).values(blocked=True))
    mikko = person("Mikko", "Salo", email=None)
    in_the_group(group, "Eino", mikko)
    client = browser(director)

    url = drafted(client, group)
    page = client.get(url)
    text = seen(page)
    assert "Virtanen Anna" in text
    assert "Salo Mikko ei sähköpostia ei tunnuksia palveluun" in text
    assert "Korhonen Onni Lapsella ei ole huoltajaa" in text
    assert "Lähetä, vastaanottajia 2" in text
    assert threads() == 0

    go = shown(page)
    first, second = client.post(url, data=go), client.post(url, data=go)
    assert first.status_code == 302
    assert threads() == 2
    assert second.status_code == 404  # it is no draft any more
    again = drafted(client, group)
    page = client.post(again, data=shown(client.get(again)))
    assert "lähti jo 1.6.2026 12.00" in seen(page)
    assert threads() == 2


def test_a_list_of_recipients_that_has_changed_is_shown_again(group, director, family, browser):
    client = browser(director)
    url = drafted(client, group)
    saw = shown(client.get(url))
    in_the_group(group, "Eino", person("Mikko", "Salo"))
    keep()

    page = client.post(url, data=saw)

    assert "Vastaanottajat ovat muuttuneet" in seen(page)
    assert "Salo Mikko" in seen(page)
    assert threads() == 0
    assert client.post(url, data=saw | {"seen": ""}).status_code == 200
    assert threads() == 0
    assert client.post(url, data=shown(page)).status_code == 302
    assert threads() == 2


def test_words_that_another_writer_of_the_box_has_changed_are_not_sent_unseen(group, director, family, browser):
    client = browser(director)
    url = drafted(client, group)
    saw = shown(client.get(url))
    post = db.session.scalars(select(Post)).one()
    post.body = "Ylihuomenna menemmekin uimaan."
    keep()
    page = client.post(url, data=saw)
    assert page.status_code == 200
    assert "sillä välin" in seen(page)
    assert threads() == 0


def test_a_draft_keeps_what_was_typed_and_is_sent_when_it_is_whole(group, director, family, browser):
    client = browser(director)
    page = client.post(f"/office/message/write/?from=group-{group.id}", data={
        "title": "Retki", "body": "", "kind": "message", "press": "save"}, follow_redirects=True)
    assert "Luonnos on tallennettu." in seen(page)
    assert 'value="Retki"' in page.text
    post = db.session.scalars(select(Post)).one()
    assert "Valitse ensin, kenelle" in seen(client.get(f"/office/message/check/?id={post.id}", follow_redirects=True))
    typed = {"title": "Retki", "body": "", "kind": "message", "groups": str(group.id), "present": "1",
             "press": "check", "row_version": str(post.version)}
    page = client.post(f"/office/message/draft/?id={post.id}", data=typed, follow_redirects=True)
    page = client.post(f"/office/message/check/?id={post.id}", data=shown(page))
    assert "otsikko ja tekstiä" in seen(page)
    assert threads() == 0
    stale = client.post(f"/office/message/draft/?id={post.id}", data=typed | {"body": "Metsään"})
    assert "Metsään" in stale.text  # somebody has saved meanwhile: what was typed stands on the page
    assert db.session.scalars(select(Post.body)).one() == ""


def test_a_draft_that_is_sent_back_for_another_mistake_does_not_become_fresh_by_itself(group, director, browser):
    client = browser(director)
    client.post(f"/office/message/write/?from=group-{group.id}", data={
        "title": "Retki", "body": "", "kind": "message", "press": "save"})
    post = db.session.scalars(select(Post)).one()
    address, opened = f"/office/message/draft/?id={post.id}", str(post.version)
    form = {"title": "Retki", "kind": "message", "press": "save"}
    client.post(address, data=form | {"body": "Metsään", "row_version": opened})
    long = client.post(address, data=form | {"title": "x" * 201, "body": "Rantaan", "row_version": opened})
    assert hidden(long, "row_version") == opened
    told = client.post(address, data=form | {"body": "Rantaan", "row_version": opened})
    assert "Kirjoittamasi on tallella" in seen(told)
    assert db.session.scalars(select(Post.body)).one() == "Metsään"
    client.post(address, data=form | {"body": "Rantaan", "row_version": hidden(told, "row_version")})
    assert db.session.scalars(select(Post.body)).one() == "Rantaan"


def test_the_buttons_of_a_group_and_a_child_lead_to_the_editor(group, director, family, browser, anna):
    child = db.session.scalars(select(Guardian.child_id)).one()
    client = browser(director)
    assert f"/office/message/to_group/?id={group.id}" in client.get(f"/office/group/details/?id={group.id}").text
    assert f"/office/message/to_child/?id={child}" in client.get(f"/office/person/details/?id={child}").text
    assert "message/to_child" not in client.get(f"/office/person/details/?id={anna.id}").text
    # not even by its address is there a form that sends without a preview
    assert client.get(f"/office/group/do/message.send/?id={group.id}").status_code == 302
    assert client.post(f"/office/group/do/message.send/?id={group.id}", data=WORDS).status_code == 302
    assert threads() == 0

    page = client.get(f"/office/message/to_child/?id={child}", follow_redirects=True)
    assert f'value="{child}" checked' in page.text
    url = drafted(client, group, groups="", children=str(child))
    page = client.get(url)
    assert "vastaanottajia 1" in seen(page)
    client.post(url, data=shown(page))
    assert threads() == 1


# -- whose ------------------------------------------------------------------------------------------


def test_another_units_director_finds_nothing_and_may_not_send(group, thread, browser):
    client = browser(factories.user("director", unit=factories.unit()))
    assert client.get(f"/office/message/details/?id={thread.id}").status_code == 404
    assert client.post(f"/office/message/details/?id={thread.id}", data={"body": "Hei"}).status_code == 404
    assert "Retki" not in client.get("/office/message/?box=all").text
    assert "Retki" not in client.get("/office/message/?box=sent").text
    assert client.get(f"/office/message/to_group/?id={group.id}").status_code == 403
    child = db.session.scalars(select(Guardian.child_id)).first()
    assert client.get(f"/office/message/to_child/?id={child}").status_code == 404
    guidance = browser(factories.user("service_worker"))  # has a box of its own, and no other's
    assert guidance.get(f"/office/message/details/?id={thread.id}").status_code == 404
    assert "Retki" not in guidance.get("/office/message/?box=all").text
    assert guidance.get(f"/office/message/write/?from=group-{group.id}").status_code == 403
    assert browser(factories.user("report_viewer")).get("/office/message/").status_code == 403


def test_a_group_that_is_not_ones_own_cannot_be_chosen(group, browser):
    own = factories.group(group.unit, "Ketut")
    child = in_the_group(group, "Aino", person("Anna", "Virtanen"))
    client = browser(factories.user("staff", group=own))
    page = client.get("/office/message/write/")
    assert "Ketut" in page.text
    assert "Siilit" not in page.text
    assert client.get(f"/office/message/write/?from=group-{group.id}").status_code == 403
    assert client.get("/office/message/write/?from=personal").status_code == 403
    for typed in ({"groups": str(group.id)}, {"groups": "", "children": str(child.id)}):
        url = drafted(client, own, **typed)
        page = client.get(url)
        assert "Ei vastaanottajia" in seen(page)
        client.post(url, data=shown(page))
    assert threads() == 0


def test_another_familys_guardian_and_one_blocked_since_find_no_conversation(group, thread, anna, family, browser):
    stranger = factories.user("guardian", person=in_the_group(group, "Eino", person("Mikko", "Salo")).guardians[0])
    client = browser(stranger)
    assert client.get(f"/my/message/details/?id={thread.id}").status_code == 404
    assert client.post(f"/my/message/details/?id={thread.id}", data={"body": "Hei"}).status_code == 404
    assert client.get(f"/my/message/do/reply/?id={thread.id}").status_code == 404
    assert "Retki" not in client.get("/my/message/").text
    assert client.get("/office/message/").status_code == 403

    mine = browser(family)
    assert mine.get(f"/my/message/details/?id={thread.id}").status_code == 200
    db.session.execute(sa.update(Guardian).where(Guardian.guardian_id == anna.id).values(blocked=True))
    keep()
    assert mine.get(f"/my/message/details/?id={thread.id}").status_code == 404
    assert "Retki" not in mine.get("/my/message/").text


def test_a_director_who_is_also_a_guardian_reads_each_in_its_place(group, thread, anna, browser):
    director = factories.user("director", unit=factories.unit(), person=person("Outi", "Oma"))
    factories.save(factories.Grant(user=director, role="guardian", start=date(2020, 1, 1), end=None))
    own = in_the_group(group, "Elli", director.person)
    client = browser(director)
    assert client.get(f"/office/message/details/?id={thread.id}").status_code == 404
    assert own.id
    assert "Retki" not in client.get("/my/message/").text


# -- a conversation ---------------------------------------------------------------------------------


def test_the_office_sees_what_is_new_answers_and_is_told_who_has_read(group, director, thread, family, browser):
    client = browser(director)
    listing = client.get("/office/message/")
    assert "is-unread" in listing.text
    assert "Aino tulee mukaan." in listing.text
    assert "Lukemattomia viestejä 1" in seen(listing)
    assert "Anna Virtanen (Aino)" in seen(listing)

    page = client.get(f"/office/message/details/?id={thread.id}")
    assert "Ei vielä luettu" in seen(page)
    assert "is-unread" not in client.get("/office/message/").text
    assert client.post(f"/office/message/details/?id={thread.id}", data={"body": "Hienoa!"}).status_code == 302
    keep()

    mine = browser(family)
    assert "Viestit 2" in seen(mine.get("/my/message/"))  # the first letter and the answer
    letter = seen(mine.get(f"/my/message/details/?id={thread.id}"))
    assert "Siilit, Maija Mäkelä" in letter
    assert "Hienoa!" in letter
    assert "Luettu: henkilökunta 1.6.2026 12.00" in letter
    assert "Luettu: Anna Virtanen 1.6.2026 12.00" in seen(client.get(f"/office/message/details/?id={thread.id}"))
    read = db.session.scalars(select(AuditEvent.user_id).where(AuditEvent.action == "message.read")
                            .order_by(AuditEvent.id)).all()
    assert read == [director.id, family.id, director.id]


def test_a_guardian_replies_and_a_double_press_is_one_message(thread, family, browser):
    client = browser(family)
    url = f"/my/message/details/?id={thread.id}"
    for _ in range(2):
        assert client.post(url, data={"body": "Vielä yksi asia"}).status_code == 302
    bodies = db.session.scalars(select(Post.body).where(Post.person_id.is_not(None)).order_by(Post.id)).all()
    assert bodies == ["Aino tulee mukaan.", "Vielä yksi asia"]
    assert "täytä tämä kohta" in client.post(url, data={"body": ""}).text


def test_a_guardians_new_message_pressed_twice_at_the_same_instant_is_one_conversation(
        app, group, family, browser):
    child = db.session.scalars(select(Guardian.child_id)).one()
    typed = {"step": "send", "title": "Huomenna", "body": "Tulemme myöhemmin.", "children": child,
             "to": f"group-{group.id}"}
    clients, ready, pages = [browser(family), browser(family)], threading.Barrier(2), []

    def press(client: Any) -> None:
        with app.app_context():
            ready.wait()
            pages.append(client.post("/my/message/write/", data=typed))

    several = [threading.Thread(target=press, args=(client,)) for client in clients]
    for one in several:
        one.start()
    for one in several:
        one.join()
    db.session.expire_all()
    assert threads() == 1
    assert sorted(page.status_code for page in pages) == [200, 302]
    [told] = [seen(page) for page in pages if page.status_code == 200]
    assert "ei lähetetty toista kertaa" in told
    assert "Tulemme myöhemmin." in told


def test_how_large_files_may_be_is_told_where_they_are_chosen(group, director, family, browser):
    told = "enintään 8 Mt kukin"
    assert told in seen(browser(family).get("/my/message/write/"))
    assert told in seen(browser(director).get(f"/office/message/write/?from=group-{group.id}"))


def test_after_31_days_a_conversation_is_read_but_not_answered(group, thread, family, browser, at, anna):
    place = db.session.scalars(select(factories.Placement)).one()
    place.groups[0].end = place.needs[0].end = place.end = date(2026, 6, 30)
    url = f"/my/message/details/?id={thread.id}"
    at("2026-07-31")
    assert "textarea" in browser(family).get(url).text
    at("2026-08-01")
    client = browser(family)
    page = client.get(url)
    assert "Huomenna menemme metsään." in page.text
    assert "textarea" not in page.text
    assert "Viimeinen vastauspäivä oli 31.7.2026" in seen(page)
    assert "Viimeinen vastauspäivä oli 31.7.2026" in seen(client.post(url, data={"body": "Hei"}))
    assert db.session.scalar(select(func.count(Message.id))) == 2


def test_an_address_is_on_no_page(group, director, thread, family, browser, anna):
    office, mine = browser(director), browser(family)
    pages = [
        office.get("/office/message/"), office.get("/office/message/?box=sent"),
        office.get(f"/office/message/details/?id={thread.id}"),
        office.get(drafted(office, group)), office.get(f"/office/message/post/?id={thread.post_id}"),
        mine.get("/my/message/"), mine.get(f"/my/message/details/?id={thread.id}"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "Salainen tie" not in page.text
        assert str(anna.email) not in page.text


# -- boxes ------------------------------------------------------------------------------------------


def test_the_sent_box_shows_one_row_for_a_letter_to_many_families(group, director, family, browser, by):
    in_the_group(group, "Eino", person("Mikko", "Salo"))
    act.send(group, by(director), **WORDS)
    keep()
    client = browser(director)
    sent = client.get("/office/message/?box=sent")
    assert sent.text.count("of-mail__top") == 1
    assert "Luettu 0/2" in seen(sent)
    post = db.session.scalars(select(Post.id)).one()
    page = seen(client.get(f"/office/message/post/?id={post}"))
    assert "0/2" in page
    assert page.count("Ei vielä luettu") == 2
    assert client.get("/office/message/").text.count("of-mail__top") == 0  # no family has written
    assert client.get("/office/message/?box=all").text.count("of-mail__top") == 2


@pytest.mark.parametrize(("typed", "found"), [
    ("virtanen", 1), ("AINO", 1), ("retki", 1), ("Mäkisalo", 0), ("100%", 0)])
def test_a_conversation_is_found_by_guardian_child_and_title(director, thread, browser, typed, found):
    page = browser(director).get("/office/message/", query_string={"search": typed})
    assert page.text.count("of-mail__top") == found


def test_a_list_takes_the_same_number_of_queries_however_long(group, director, browser, by):
    client = browser(director)

    def opened() -> int:
        with queries() as sent:
            assert client.get("/office/message/?box=all").status_code == 200
        return len(sent)

    for number in range(3):
        in_the_group(group, f"Lapsi{number}", person("Anna", f"Suku{number}"))
    act.send(group, by(director), **WORDS)
    keep()
    few = opened()
    for number in range(60):
        in_the_group(group, f"Toinen{number}", person("Anna", f"Heimo{number}"))
    act.send(group, by(director), title="Kevätjuhla", body="Tervetuloa!")
    keep()
    assert opened() == few
    page = client.get("/office/message/?box=all")
    assert page.text.count("of-mail__top") == 40
    assert "page=1" in page.text
    assert client.get("/office/message/?box=all&page=1").text.count("of-mail__top") == 26


def test_the_menu_counts_what_waits_in_one_query_each(director, thread, family, by):
    from evaka.views.message import unread_of_groups, unread_of_guardian

    other = factories.user("director", unit=factories.unit())
    actors = by(director), by(family), by(other)
    assert all(one.grants for one in actors)
    with queries() as sent:
        assert unread_of_groups(actors[0]) == 1
        assert unread_of_guardian(actors[1]) == 1
        assert unread_of_groups(actors[2]) == 0
    assert len(sent) == 3
    assert unread_of_guardian(by(director)) == 0
    db.session.execute(sa.update(Receipt).values(read_at=by(None).now))
    assert unread_of_groups(by(director)) == unread_of_guardian(by(family)) == 0


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_pages_speak_the_readers_language(group, director, thread, family, browser, language):
    client = browser(director)
    with client.session_transaction() as session:
        session["language"] = language
    pages = [client.get(url) for url in (
        "/office/message/", "/office/message/?box=sent", f"/office/message/details/?id={thread.id}",
        "/office/message/write/", f"/office/message/post/?id={thread.post_id}", "/office/message/settings/")]
    for page in pages:
        assert page.status_code == 200
        assert not wordless(page)
        assert "Lukemattomia" not in page.text


# -- units that have not begun with messages --------------------------------------------------------


def test_where_messages_are_not_open_nothing_leads_to_them(browser: Any) -> None:
    unit = factories.unit(features=["absences"])
    group = factories.group(unit)
    child = factories.child(factories.person())
    factories.in_group(factories.placement(child, date(2026, 1, 1), unit=unit), group)
    director = browser(factories.user("director", unit))
    for address in ("", f"group/details/?id={group.id}", f"person/details/?id={child.id}"):
        page = director.get(f"/office/{address}").text
        assert "/office/message/" not in page, address
    for address in (f"to_group/?id={group.id}", f"to_child/?id={child.id}"):
        page = director.get(f"/office/message/{address}")
        assert page.status_code == 409
        assert "Viestejä ei ole vielä otettu käyttöön" in seen(page)
    parent = browser(factories.user("guardian", person=child.guardians[0]))
    assert "/my/message/" not in parent.get("/my/").text


def test_only_groups_of_units_with_messages_are_offered(browser: Any) -> None:
    factories.group(factories.unit("Avoin"), "Siilit")
    factories.group(factories.unit("Vielä kiinni", features=[]), "Ketut")
    page = browser(factories.user("admin")).get("/office/message/write/")
    assert "Avoin: Siilit" in page.text
    assert "Ketut" not in page.text


def test_what_was_written_before_messages_were_closed_is_read_and_not_answered(browser: Any, by: Any) -> None:
    unit = factories.unit()
    group = factories.group(unit)
    guardian = factories.person()
    child = factories.child(guardian)
    factories.in_group(factories.placement(child, date(2026, 1, 1), unit=unit), group)
    director = factories.user("director", unit)
    act.send(group, by(director), title="Retki", body="Metsään.")
    thread = db.session.scalars(select(Thread)).one().id
    unit.features = []
    pages = browser(director), browser(factories.user("guardian", person=guardian))
    for reader, base in zip(pages, ("/office", "/my"), strict=True):
        assert f"{base}/message/" in reader.get(f"{base}/").text
        page = reader.get(f"{base}/message/details/?id={thread}")
        assert "Metsään." in page.text
        assert "Viestejä ei ole vielä otettu käyttöön" in seen(page)
        assert "<textarea" not in page.text


def test_the_first_page_shows_staff_nothing_from_before_their_time_in_the_group(group, family, anna, by, app):
    child = db.session.scalars(select(Person).where(Person.first_name == "Aino")).one()
    old = by(family, "2026-03-02")
    act.begin(anna, old, title="Vanha", body="Vanha asia.", children=(child.id,), to=(f"group-{group.id}",))
    act.begin(anna, by(family), title="Uusi", body="Uusi asia.", children=(child.id,), to=(f"group-{group.id}",))
    newcomer = factories.user("staff", unit=group.unit, group=group)
    newcomer.grants[0].start = date(2026, 6, 1)
    db.session.flush()
    with app.test_request_context():
        assert [one["text"] for one in newest_unread(by(newcomer))] == ["Uusi asia."]


def test_the_sent_box_and_the_copies_say_to_whom_as_far_as_the_reader_may_see(group, director, family, browser, by):
    other = factories.group(group.unit, "Ketut")
    own = factories.box(user=director)
    post = act.draft(own, by(director), kind=PostKind.BULLETIN, title="Juhla", body="Perjantaina.",
                     chosen=Chosen(groups=(group.id,), starting=True))
    act.submit(post, by(director), seen=act.audience(post, by(director)).digest)
    elsewhere = act.draft(own, by(director), kind=PostKind.BULLETIN, title="Retki", body="Maanantaina.",
                          chosen=Chosen(units=(group.unit_id,)))
    act.submit(elsewhere, by(director), seen=act.audience(elsewhere, by(director)).digest)
    far = factories.child(last_name="Vieraanen")
    named = act.draft(own, by(director), kind=PostKind.BULLETIN, title="Muille", body="Tiistaina.",
                      chosen=Chosen(units=(group.unit_id,)))
    act.submit(named, by(director), seen=act.audience(named, by(director)).digest)
    named.audience = Chosen(units=(group.unit_id,), children=(far.id,)).kept()
    keep()
    sent = seen(browser(director).get("/office/message/?box=sent"))
    assert "Siilit (Metsäpolku), myös myöhemmin aloittavat" in sent
    copies = seen(browser(factories.user("staff", unit=group.unit, group=other)).get("/office/message/?box=copies"))
    assert "Metsäpolku" in copies
    assert "Siilit (" not in copies
    assert "Retki" in copies
    assert "Vieraanen" not in copies  # a child of another unit, who is counted
    assert "Muille" in copies
