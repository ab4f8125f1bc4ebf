"""Strong identification against a provider that runs here: the way in, what it opens, and everything that must not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import KeySet
from sqlalchemy import select

from evaka import city
from evaka.kit import identity
from evaka.kit.errors import ConfigMistake
from evaka.models.base import db
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import Guardian, Person
from evaka.models.user import User, UserSession
from evaka.rules.message.post import BoxKind
from evaka.views.user.provider import Provider as OurSide
from evaka.views.user.provider import settings_of
from tests import factories
from tests import provider as providers
from tests.conftest import keep
from tests.pages import seen, wordless
from tests.provider import CLIENT, CODE_CLAIM, LOA2, SECRET, rsa_key

BORN = date(1990, 1, 1)
CODE = identity.made(BORN, 901)


@pytest.fixture(scope="module")
def server() -> Iterator[providers.Provider]:
    with providers.running() as running:
        yield running


@pytest.fixture
def provider(server: providers.Provider, app: Flask, database: None) -> Iterator[providers.Provider]:
    """The city's provider, well-behaved, at which the guardian of CODE identifies."""
    url = server.url
    server.__init__()  # type: ignore[misc]
    server.url, server.claims = url, {CODE_CLAIM: CODE, "acr": LOA2}
    set_up(app, issuer=url, client_id=CLIENT, client_secret=SECRET)
    yield server
    app.config.pop("OIDC")
    app.extensions.pop("identification")


def set_up(app: Flask, **settings: str) -> OurSide:
    app.config["OIDC"] = settings
    app.extensions["identification"] = OurSide(**settings)
    return app.extensions["identification"]


@pytest.fixture
def guardian(provider: providers.Provider) -> Person:
    """A guardian who has no user yet, with a decision that waits for an answer."""
    row = factories.person(BORN, identity_code=CODE, first_name="Ari", last_name="Niinikoski", language="sv")
    factories.decision(factories.child(row, first_name="Aatos"))
    keep()
    return row


def away(client: FlaskClient, address: str = "/login/strong") -> str:
    """Leave for the provider and identify there; answers where it sends the browser back to."""
    left = client.get(address)
    assert left.status_code == 302, seen(left)
    back = requests.get(left.location, allow_redirects=False, timeout=5).headers["Location"]
    parts = urlsplit(back)
    assert parts.path == "/login/strong/back"
    return f"{parts.path}?{parts.query}"


def identify(client: FlaskClient, address: str = "/login/strong") -> Any:
    return client.get(away(client, address))


def lines(key: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == key)))


def failed(page: Any, why: str, status: int = 403) -> None:
    """The page says what went wrong and what to do, and the journal has a line of it."""
    assert page.status_code == status, page.status_code
    assert not wordless(page)
    assert 'href="/login/strong' in page.text
    assert [line.facts["why"] for line in lines("user.not_identified")][-1:] == [why]


# -- the way in ---------------------------------------------------------------------------------------


def test_the_door_offers_it_in_every_language_only_when_the_city_has_set_it_up(provider, browser, app):
    client = browser(None)
    for language, words in (("fi", "Tunnistaudu vahvasti"), ("sv", "Identifiera dig starkt"),
                            ("en", "Identify strongly")):
        client.get(f"/language/{language}")
        assert words in seen(client.get("/login"))
    settings = app.config.pop("OIDC")
    assert "Identify strongly" not in seen(client.get("/login"))
    app.config["OIDC"] = settings


def test_a_guardian_comes_in_and_a_user_is_made_the_first_time(guardian, browser):
    client = browser(None)
    page = identify(client, "/login/strong?next=/my/decision/")
    assert (page.status_code, page.location) == (302, "/my/decision/")
    opened = client.get("/my/decision/")
    assert "Aatos" in seen(opened)
    user = db.session.scalars(select(User).where(User.person_id == guardian.id)).one()
    assert (user.name, user.language, user.log_in_name) == ("Ari Niinikoski", "sv", "")
    assert [grant.role for grant in user.grants] == ["guardian"]
    session = db.session.scalars(select(UserSession)).one()
    assert session.strong
    assert [one.action for one in db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))][:2] == [
        "user.join", "user.log_in"]
    assert lines("user.log_in")[0].facts["strong"] is True
    assert CODE not in str([line.facts for line in db.session.scalars(select(AuditEvent))])


def test_who_comes_again_gets_the_same_user(guardian, browser):
    for _ in range(2):
        assert identify(browser(None)).status_code == 302
    assert len(db.session.scalars(select(User).where(User.person_id == guardian.id)).all()) == 1
    assert len(lines("user.join")) == 1


def test_what_is_asked_of_the_provider_has_state_nonce_and_a_challenge(guardian, browser):
    asked = parse_qs(urlsplit(browser(None).get("/login/strong").location).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["https://evaka.example.fi/login/strong/back"]
    assert asked["scope"] == ["openid profile"]
    assert asked["ui_locales"] == ["fi"]
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) > 20


def test_the_code_may_come_from_userinfo(guardian, provider, browser):
    provider.in_userinfo = True
    assert identify(browser(None)).location == "/"


def test_a_provider_that_changes_its_keys_is_still_believed(guardian, provider, browser):
    assert identify(browser(None)).status_code == 302
    provider.key = rsa_key("two")
    provider.published = [rsa_key("one"), provider.key]
    assert identify(browser(None)).status_code == 302


def test_a_key_that_we_cannot_use_beside_one_that_we_can_changes_nothing(guardian, provider, browser):
    provider.strange = [{"kty": "EC", "crv": "BP-256", "x": "AA", "y": "AA", "kid": "strange"}, {"kid": "nothing"}]
    assert identify(browser(None)).status_code == 302


def test_a_provider_without_a_key_that_we_can_use_is_told_in_a_sentence(guardian, provider, browser):
    provider.strange, provider.published = [{"kty": "EC", "crv": "BP-256", "x": "AA", "y": "AA"}], []
    assert identify(browser(None)).status_code == 403


@pytest.mark.parametrize("relation", ["foster parent", "applicant"])
def test_foster_parents_and_applicants_come_in_too(provider, browser, relation):
    row = factories.person(BORN, identity_code=CODE)
    if relation == "foster parent":
        factories.foster_parent(factories.child(), row)
    else:
        factories.application(factories.child(), guardian=row)
    keep()
    assert identify(browser(None)).status_code == 302


@pytest.mark.parametrize("target", [
    "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_host_afterwards(guardian, browser, target):
    assert identify(browser(None), f"/login/strong?next={target}").location == "/"


# -- a session by password, and what it opens ------------------------------------------------------------


@pytest.fixture
def weak(guardian, browser) -> FlaskClient:
    return browser(factories.user("guardian", person=guardian, email="ari@example.fi"))


@pytest.mark.parametrize("page", [
    "/my/decision/", "/my/fee/", "/my/invoice/", "/my/application/", "/my/statement/", "/my/document/",
    "/my/application/begin", "/account/log-in"])
def test_what_needs_it_says_why_and_offers_it(weak, page):
    told = weak.get(page, follow_redirects=False)
    if told.status_code == 308:
        told = weak.get(told.location)
    assert told.status_code == 403, page
    assert "vahva tunnistautuminen" in seen(told) or "stark identifiering" in seen(told)
    assert re.search(r'href="/login/strong\?next=/[a-z]', told.text), page


@pytest.mark.parametrize("page", ["/my/", "/my/message/", "/my/booking/", "/my/event/", "/account"])
def test_daily_things_open_by_password(weak, page):
    assert weak.get(page, follow_redirects=True).status_code == 200


def test_the_first_page_tells_that_something_waits_but_not_what(weak):
    page = weak.get("/my/")
    assert "Asioita, jotka avautuvat tunnistautuneelle: " in seen(page)
    assert "/my/decision/details" not in page.text


def test_a_session_by_password_is_lifted_where_one_was(weak, guardian):
    row = db.session.scalars(select(User)).one()
    decision = db.session.execute(select(factories.Decision.id)).scalar_one()
    page = f"/my/decision/details/?id={decision}"
    told = weak.get(page)
    way = re.search(r'href="(/login/strong[^"]*)"', told.text)
    assert way
    back = identify(weak, way[1])
    assert back.location == page
    opened = weak.get(back.location)
    assert opened.status_code == 200
    assert "Aatos" in seen(opened)
    sessions = db.session.scalars(select(UserSession).order_by(UserSession.id)).all()
    assert [(one.strong, one.ended is None) for one in sessions] == [(False, False), (True, True)]
    assert len(lines("user.join")) == 0
    assert row.id == db.session.scalars(select(User.id)).one()


def test_an_action_that_needs_it_is_not_done(weak, guardian):
    row = db.session.execute(select(factories.Decision)).scalar_one()
    told = weak.post(f"/my/decision/do/accept/?id={row.id}", data={"row_version": 1, "start": "10.8.2026"},
                     headers={"Referer": f"http://localhost/my/decision/details/?id={row.id}"})
    assert told.status_code == 403
    assert f"/login/strong?next=/my/decision/details/?id%3D{row.id}" in told.text
    db.session.refresh(row)
    assert row.status == "sent"


def test_without_a_provider_a_guardian_by_password_does_everything(guardian, browser, app):
    app.config["OIDC"] = {}
    client = browser(factories.user("guardian", person=guardian))
    assert client.get("/my/decision/").status_code == 200


def test_a_city_that_always_asks_closes_what_needs_it_until_it_has_a_provider(guardian, browser, app):
    app.config["OIDC"] = {}
    client = browser(factories.user("guardian", person=guardian))
    with city.trying("security", "strong", {"when": "always", "needs": ["decision.*"]}):
        told = client.get("/my/decision/")
        assert told.status_code == 403
        assert "Tunnistautuminen ei ole juuri nyt käytettävissä" in seen(told)
        assert "/login/strong" not in told.text
        assert client.get("/my/fee/").status_code == 200


def test_staff_are_not_asked(provider, browser):
    client = browser(factories.user("service_worker"))
    assert client.get("/office/decision/").status_code == 200


def test_a_sensitive_thread_leads_to_identification(weak, guardian, by):
    thread = factories.thread(factories.box(kind=BoxKind.SERVICE), [guardian], sensitive=True)
    keep()
    page = weak.get(f"/my/message/details/?id={thread.id}")
    way = re.search(r'href="(/login/strong[^"]*)"', page.text)
    assert way
    assert identify(weak, way[1]).location == f"/my/message/details/?id={thread.id}"


def test_another_person_than_who_has_logged_in_gets_no_session(weak, provider):
    provider.claims = {CODE_CLAIM: identity.made(BORN, 902)}
    factories.child(factories.person(BORN, identity_code=identity.made(BORN, 902)))
    keep()
    failed(identify(weak), "user.identify_other")
    assert weak.get("/my/").status_code == 200
    assert [one.strong for one in db.session.scalars(select(UserSession))] == [False]


def test_nobody_fills_in_a_form_in_vain(weak, guardian):
    child = db.session.scalars(select(Guardian.child_id)).one()
    place = factories.placement(db.session.get(Person, child), date(2025, 8, 1), date(2027, 7, 31))
    keep()
    page = weak.get(f"/my/placement/details/?id={place.id}")
    assert "/do/" not in page.text
    way = re.search(r'href="(/login/strong[^"]*)"', page.text)
    assert way
    back = identify(weak, way[1])
    assert "/do/terminate" in weak.get(back.location).text
    assert weak.get(f"/my/placement/do/terminate/?id={place.id}").status_code == 200


def test_an_action_that_is_opened_by_its_address_asks_to_identify(weak, guardian):
    child = db.session.scalars(select(Guardian.child_id)).one()
    place = factories.placement(db.session.get(Person, child), date(2025, 8, 1), date(2027, 7, 31))
    keep()
    told = weak.get(f"/my/placement/do/terminate/?id={place.id}")
    assert told.status_code == 403
    assert f'href="/login/strong?next=/my/placement/do/terminate/?id%3D{place.id}"' in told.text


def test_a_user_without_an_address_is_shown_as_such_and_gets_no_password(guardian, browser):
    identify(browser(None))
    admin = browser(factories.user("admin"))
    user = db.session.scalars(select(User.id).where(User.person_id == guardian.id)).one()
    page = admin.get(f"/office/users/details/?id={user}")
    assert "vain vahva tunnistautuminen" in seen(page)
    assert "reset_password" not in page.text
    assert not wordless(page)
    assert "identified.invalid" not in admin.get("/office/users/?all=1").text


# -- what must not be believed -----------------------------------------------------------------------------


def test_a_return_that_nobody_began_is_refused(guardian, browser):
    failed(browser(None).get("/login/strong/back?code=1&state=2"), "user.identify_state")


def test_another_state_is_refused(guardian, browser):
    client = browser(None)
    back = re.sub("state=[^&]*", "state=guess", away(client))
    failed(client.get(back), "user.identify_state")
    assert client.get("/my/").status_code == 302


def test_a_return_works_once(guardian, browser):
    client = browser(None)
    back = away(client)
    assert client.get(back).status_code == 302
    client.post("/logout")
    failed(client.get(back), "user.identify_state")


def test_a_code_that_was_used_elsewhere_is_refused(guardian, provider, browser):
    client = browser(None)
    back = away(client)
    provider.codes.clear()
    failed(client.get(back), "user.identify_used")


def test_somebody_who_cancels_is_told_so(guardian, provider, browser):
    provider.refuses = "access_denied"
    page = identify(browser(None), "/login/strong?next=/my/decision/")
    failed(page, "user.identify_cancelled")
    assert "Peruutit tunnistautumisen" in seen(page)
    assert "/login?next=/my/decision/" in page.text


def test_any_other_error_of_the_provider_is_told_as_one(guardian, provider, browser):
    provider.refuses = "server_error"
    failed(identify(browser(None)), "user.identify_failed")


@pytest.mark.parametrize("wrong", [
    {"nonce": "another"}, {"aud": "another"}, {"iss": "https://another.example"}, {"azp": "another"},
    {"iat": None}, {"exp": None}, {"at_hash": "another"},
])
def test_a_token_that_was_made_for_something_else_is_refused(guardian, provider, browser, wrong):
    provider.wrong = wrong
    failed(identify(browser(None)), "user.identify_failed")


def test_a_token_that_has_expired_is_refused(guardian, provider, browser):
    provider.wrong = {"exp": 1_700_000_000}
    failed(identify(browser(None)), "user.identify_late")


def test_a_token_of_another_key_is_refused(guardian, provider, browser):
    provider.key = rsa_key("two")  # and it is not published
    failed(identify(browser(None)), "user.identify_failed")


def test_a_token_that_is_signed_by_the_shared_secret_is_refused(guardian, provider, browser):
    provider.alg = "HS256"
    failed(identify(browser(None)), "user.identify_failed")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
def test_a_provider_that_is_away_is_told_as_such(guardian, provider, browser, path):
    client = browser(None)
    provider.broken = {path}
    page = client.get("/login/strong") if path.startswith("/.") else identify(client)
    failed(page, "user.identify_away", 503)
    provider.broken = set()
    assert identify(client).status_code == 302


def test_a_provider_at_another_address_than_it_says_is_refused(guardian, provider, browser, app):
    set_up(app, issuer=provider.url.replace("127.0.0.1", "localhost"), client_id=CLIENT, client_secret=SECRET)
    failed(browser(None).get("/login/strong"), "user.identify_failed")


def test_too_long_at_the_provider_is_too_long(guardian, browser, at):
    client = browser(None)
    back = away(client)
    at("2026-06-01T12:31")
    failed(client.get(back), "user.identify_late")


def test_a_lower_level_than_the_city_accepts_is_refused(guardian, provider, browser):
    table = {"scope": "openid", "code_claims": [CODE_CLAIM], "levels": [LOA2]}
    with city.trying("security", "identification", table):
        assert identify(browser(None)).status_code == 302
        provider.claims = {CODE_CLAIM: CODE, "acr": "urn:password"}
        failed(identify(browser(None)), "user.identify_level")


@pytest.mark.parametrize("claims", [{}, {CODE_CLAIM: "1234"}, {"sub": CODE}])
def test_without_a_personal_identity_code_nobody_is_found(guardian, provider, browser, claims):
    provider.claims = claims
    failed(identify(browser(None)), "user.identify_no_code")


def test_somebody_whom_the_register_does_not_know_is_told_what_to_do(provider, browser):
    page = identify(browser(None))
    failed(page, "user.identify_unknown")
    assert "Soita, niin lisäämme sinut" in seen(page)


@pytest.mark.parametrize("blocked", [False, True])
def test_somebody_without_a_child_in_the_register_gets_no_user(provider, browser, blocked):
    row = factories.person(BORN, identity_code=CODE)
    if blocked:
        factories.child(row)
        db.session.scalars(select(Guardian)).one().blocked = True
    keep()
    failed(identify(browser(None)), "user.identify_nobodys")
    assert db.session.scalars(select(User)).all() == []


@pytest.mark.parametrize("how", ["closed", "role ended", "dead"])
def test_a_closed_log_in_stays_closed(guardian, browser, how):
    user = factories.user("guardian", person=guardian, active=how != "closed")
    if how == "role ended":
        user.grants[0].end = date(2026, 5, 1)
    if how == "dead":
        guardian.deceased = date(2026, 5, 1)
    keep()
    failed(identify(browser(None)), "user.identify_unknown" if how == "dead" else "user.identify_closed")


def test_failures_from_one_address_are_counted(guardian, browser):
    client = browser(None)
    for _ in range(50):
        assert client.get("/login/strong/back?state=guess").status_code == 403
    page = client.get("/login/strong/back?state=guess")
    assert page.status_code == 429
    assert page.headers["Retry-After"]
    assert len(lines("user.not_identified")) == 50


# -- out again -----------------------------------------------------------------------------------------


def test_logging_out_ends_the_providers_session_too(guardian, provider, browser):
    client = browser(None)
    identify(client)
    page = client.post("/logout")
    assert page.status_code == 200
    way = re.search(r'content="0; url=([^"]*)"', page.text)
    assert way
    asked = parse_qs(urlsplit(way[1].replace("&amp;", "&")).query)
    assert asked["post_logout_redirect_uri"] == ["https://evaka.example.fi/login"]
    assert asked["id_token_hint"][0].count(".") == 2
    assert client.get("/my/").status_code == 302
    assert [one.id_token for one in db.session.scalars(select(UserSession))] == [None]


@pytest.mark.parametrize("ends", [False, True])
def test_a_provider_that_ends_nothing_or_is_away_keeps_nobody_here(guardian, provider, browser, app, ends):
    client = browser(None)
    provider.ends = ends
    identify(client)
    if ends:
        app.extensions["identification"].described = (0.0, {})
        provider.broken = {"/.well-known/openid-configuration"}
    page = client.post("/logout")
    assert (page.status_code, page.location) == (302, "/login")


def test_tokens_of_sessions_that_ran_out_are_forgotten(guardian, browser, at):
    identify(browser(None))
    at("2026-06-03T12:00")
    identify(browser(None))
    kept = [one.id_token is not None for one in db.session.scalars(select(UserSession).order_by(UserSession.id))]
    assert kept == [False, True]


# -- as the Finnish Trust Network has it ---------------------------------------------------------------------


def test_a_client_with_keys_signs_what_it_asks_and_opens_sealed_answers(guardian, provider, browser, app):
    pem = {use: rsa_key(use).as_pem(private=True).decode() for use in ("sign", "open")}
    set_up(app, issuer=provider.url, client_id=CLIENT, sign_key=pem["sign"], open_key=pem["open"])
    client = browser(None)
    published = client.get("/login/strong/keys").json
    assert {one["use"] for one in published["keys"]} == {"sig", "enc"}
    assert not any("d" in one for one in published["keys"])
    provider.client_keys = KeySet.import_key_set(published)
    left = client.get("/login/strong").location
    assert set(parse_qs(urlsplit(left).query)) == {"client_id", "response_type", "scope", "request"}
    assert identify(client).location == "/"
    assert client.get("/my/decision/").status_code == 200


def test_without_a_provider_there_are_no_such_pages(database, browser):
    client = browser(None)
    for page in ("/login/strong", "/login/strong/keys"):
        assert client.get(page).status_code == 404


def test_mail_about_a_log_in_goes_to_what_the_register_knows(guardian, browser):
    identify(browser(None))
    identify(browser(None))  # another browser
    mail = db.session.scalars(select(Email)).one()
    assert (mail.text, mail.address, mail.user.language) == ("new_device", guardian.email, "sv")


# -- how a city sets it up ---------------------------------------------------------------------------------

GIVEN = {"EVAKA_OIDC_ISSUER": "https://id.example", "EVAKA_OIDC_CLIENT": "vaka", "EVAKA_OIDC_SECRET": "s"}


def test_it_is_set_up_by_the_environment_or_by_files_in_the_data_folder(tmp_path):
    assert settings_of({}, tmp_path) == {}
    assert settings_of(GIVEN, tmp_path) == {"issuer": "https://id.example", "client_id": "vaka", "client_secret": "s"}
    (tmp_path / "oidc.toml").write_text('issuer = "https://id.example"\nclient_id = "vaka"\n')
    (tmp_path / "oidc-sign.pem").write_text("a key")
    assert settings_of({}, tmp_path) == {"issuer": "https://id.example", "client_id": "vaka", "sign_key": "a key"}


@pytest.mark.parametrize(("given", "file", "told"), [
    ({**GIVEN, "EVAKA_OIDC_CLIENT": ""}, "", "EVAKA_OIDC_CLIENT is missing"),
    ({**GIVEN, "EVAKA_OIDC_SECRET": ""}, "", "EVAKA_OIDC_SECRET"),
    ({**GIVEN, "EVAKA_OIDC_ISSUER": "http://id.example"}, "", "Give its address, from https:// on"),
    ({}, "issuer = nobody", "this is not TOML"),
    ({}, 'secret = "s"', "nobody knows secret"),
])
def test_a_mistake_in_how_it_is_set_up_is_told_at_start(tmp_path, given, file, told):
    (tmp_path / "oidc.toml").write_text(file)
    with pytest.raises(ConfigMistake, match=told):
        settings_of(given, tmp_path)
