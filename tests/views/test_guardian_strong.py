"""In a session by password no page of the guardians shows a form that would then be refused for want of more.

Forms are found in the pages themselves, so a new one is tried from its first day.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from evaka import city
from evaka.access import Actor
from evaka.texts import say
from tests import factories
from tests.views.test_guardian_forms import Form, everything, forms

pytestmark = pytest.mark.usefixtures("database")


def pressed(form: Form) -> list[MultiDict[str, str]]:
    """The form as it stands, once for each of its buttons."""
    filled = [(name, value) for name, kind, value in form.fields if kind not in ("button", "submit", "file")]
    buttons = [(name, value) for name, kind, value in form.fields if kind in ("button", "submit")]
    return [MultiDict([*filled, one]) for one in buttons] or [MultiDict(filled)]


@pytest.mark.parametrize("besides", ["document.*", "own.*", "message.*", "holiday_period.*"])
def test_nothing_is_typed_that_strong_identification_then_keeps_back(
    by: Callable[..., Actor], browser: Callable[[Any], FlaskClient], besides: str,
) -> None:
    """What every city keeps back, and what one may keep back besides."""
    client = browser(everything(by).rows[factories.User])
    refusal, asked = say("access.needs_strong", "fi"), city.read("security")["strong"]
    with city.trying("security", "strong", asked | {"when": "always", "needs": [*asked["needs"], besides]}):
        found = list(forms(client))
        in_vain = [(page, form.action, sent) for page, form in found for sent in pressed(form)
                   if refusal in client.post(form.action, data=sent).text]
    assert len(found) > 6, [one.action for _, one in found]
    assert not in_vain, "\n".join(map(str, in_vain))


def test_the_page_of_a_child_leads_to_identification_instead(
    app: Flask, by: Any, browser: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = everything(by)
    client, page = browser(here.rows[factories.User]), f"/my/child/?id={here.child.id}"
    assert f'action="/my/child/end/?id={here.child.id}"' in client.get(page).text
    monkeypatch.setitem(app.config, "OIDC", {"issuer": "https://provider.example.fi"})
    told = client.get(page).text
    assert "/my/child/end/" not in told
    assert f'href="/login/strong?next=/my/child/?id%3D{here.child.id}"' in told
