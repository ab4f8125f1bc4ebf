"""One input of a form with its label, as every form shows it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, render_template_string
from flask_admin.form import BaseForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired

from evaka.views.forms import EurosField, NumberField
from evaka.views.forms import one_input as written

SHOWN = '{% import "office/macros.html" as ui %}{{ ui.field(f, unit, hint) }}'


class Form(BaseForm):
    name = StringField("Nimi <b>", [InputRequired()])
    note = StringField("Huomio", description="Enintään 20 merkkiä")
    kind = SelectField("Laji", choices=["a", "b"])
    fee = EurosField("Maksu")
    count = NumberField("Määrä")
    ready = BooleanField("Valmis")


def one_input(field: Any, unit: str = "", hint: str = "") -> Any:
    return written(field, unit, hint, lambda name: f"<{name}>")


@pytest.fixture
def form(app: Flask) -> Any:
    with app.test_request_context(environ_overrides={"evaka.language": "fi"}):
        yield Form(data={"name": 'Aino "A"', "kind": "b"})


def test_a_label_and_what_was_typed_are_text(form: Any) -> None:
    assert one_input(form["name"]) == (
        '<div class="of-field"><label for="name">Nimi &lt;b&gt;</label>'
        '<input class="form-control" id="name" name="name" required type="text" value="Aino &#34;A&#34;"></div>')


def test_what_may_be_left_out_says_so_and_a_hint_is_read_with_its_field(form: Any) -> None:
    assert one_input(form.note) == (
        '<div class="of-field"><label for="note">Huomio <span class="muted">(ei pakollinen)</span></label>'
        '<p class="of-hint" id="note-hint">Enintään 20 merkkiä</p>'
        '<input aria-describedby="note-hint" class="form-control" id="note" name="note" type="text" value=""></div>')
    assert "toinen vihje" in one_input(form.note, hint="toinen vihje")
    assert "Enintään" not in one_input(form.note, hint="toinen vihje")


def test_a_choice_that_stands_on_something_is_never_left_out(form: Any) -> None:
    assert "muted" not in one_input(form.kind)
    form.kind.data = ""
    assert "muted" in one_input(form.kind)


def test_euros_and_numbers_open_the_keyboard_of_numbers_and_stand_beside_their_unit(form: Any) -> None:
    euros = one_input(form.fee)
    assert 'inputmode="decimal"' in euros
    assert euros.endswith("<span>€</span></span></div>")
    assert one_input(form.count, unit="kpl").endswith("<span>kpl</span></span></div>")
    assert 'inputmode="decimal"' in one_input(form.count)


def test_a_mistake_is_told_with_its_field(form: Any) -> None:
    form.note.errors = ["Liian pitkä", ["ei tekstiä"], "<i>"]
    assert one_input(form.note) == (
        '<div class="of-field is-wrong"><label for="note">Huomio <span class="muted">(ei pakollinen)</span></label>'
        '<p class="of-hint" id="note-hint">Enintään 20 merkkiä</p>'
        '<input aria-describedby="note-hint note-error" aria-invalid="true" class="form-control" id="note" name="note" '
        'type="text" value=""><p class="of-error" id="note-error"><alert><span>Liian pitkä &lt;i&gt;</span></p></div>')
    shown = render_template_string(SHOWN, f=form.note, unit="", hint="")
    assert "of-error" in shown
    assert "of-icon" in shown


def test_what_has_parts_is_left_to_the_page(form: Any) -> None:
    assert one_input(form.ready) is None
    assert 'class="of-tick"' in render_template_string(SHOWN, f=form.ready, unit="", hint="")
