"""Where to it may be written, and what."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from evaka.kit.errors import Refused
from evaka.rules.push import PushPolicy, check_endpoint, notice, origin

POLICY = PushPolicy(True, ("https://fcm.example", "https://*.push.example", "http://127.0.0.1:8080"), 12)


@pytest.mark.parametrize("endpoint", [
    "https://fcm.example/send/abc", "https://web.push.example/x?y=z", "http://127.0.0.1:8080/a"])
def test_a_known_service_is_written_to(endpoint):
    check_endpoint(endpoint, POLICY)


@pytest.mark.parametrize("endpoint", [
    "https://fcm.example.evil.test/x", "http://fcm.example/x", "https://fcm.example:8443/x", "http://127.0.0.1/a",
    "http://169.254.169.254/latest", "https://push.example/x"])
def test_nothing_else_is(endpoint):
    with pytest.raises(Refused) as no:
        check_endpoint(endpoint, POLICY)
    assert no.value.key == "push.unknown_service"


@pytest.mark.parametrize("endpoint", [
    "", "fcm.example", "file:///etc/passwd", "https://", "https://fcm.example:port/", "https://a@fcm.example/",
    "https://fcm.example/" + "x" * 2000, "https://[::1", "https://fcm.example/ä", "https://a..push.example/x",
    f"https://{'a' * 64}.push.example/x", "https://fcm.example/a b", "https://fcm.example/\n"])
def test_what_is_no_address_is_refused(endpoint):
    with pytest.raises(Refused) as no:
        check_endpoint(endpoint, POLICY)
    assert no.value.key == "push.not_an_address"


def test_an_origin_is_scheme_host_and_port():
    assert origin("https://Push.Example:8443/x") == "https://push.example:8443"


def test_a_notice_leads_to_the_guardians_pages_alone():
    told = json.loads(notice("Harjula", "Uusi viesti", "/my/message/details/?id=3", "a1"))
    assert told == {"title": "Harjula", "text": "Uusi viesti", "path": "/my/message/details/?id=3", "mark": "a1"}
    for path in ("", "https://evil.test/", "//evil.test", "/office/"):
        assert json.loads(notice("", "", path, ""))["path"] == "/my/"


def test_how_long_a_service_keeps_a_notice_is_in_bounds():
    assert POLICY.kept == timedelta(hours=12)
    for hours in (0, 673):
        with pytest.raises(ValueError, match="keep_hours"):
            PushPolicy(True, (), hours)
