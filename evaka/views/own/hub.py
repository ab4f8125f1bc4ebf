"""The last tab of the guardians' pages: to everything that is one's own, and one's own contacts."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask_admin import expose
from flask_admin.form import BaseForm
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Length, Optional

from evaka.access import Actor, may, require
from evaka.actions import own as act
from evaka.actions.push import policy as push_policy
from evaka.models.base import db
from evaka.models.person import Person
from evaka.texts import LANGUAGES
from evaka.views.base.rows import check_fresh
from evaka.views.forms import Required, called, tidy
from evaka.views.own.page import OwnPage
from evaka.views.page import Lazy, actor, aged, told

WAYS = (  # (heading, [(word, endpoint, right)])
    ("own.papers", (
        ("menu.my_application", "my_application.index_view", "application.view"),
        ("menu.my_decision", "my_decision.index_view", "decision.view"),
        ("menu.my_placement", "my_placement.index_view", "placement.view"),
        ("menu.my_absence_application", "my_absence_application.index_view", "attendance.apply_leave"),
        ("menu.my_document", "my_document.index_view", "document.view"),
    )),
    ("own.money", (
        ("menu.my_fee", "my_fee.index_view", "fee.view"),
        ("menu.my_invoice", "my_invoice.index_view", "invoice.view"),
        ("menu.my_voucher", "my_voucher.index_view", "voucher.view"),
        ("menu.my_statement", "my_statement.index_view", "statement.view"),
    )),
    ("own.settings", (
        ("own.contacts", "my_own.contacts", "own.tell_contacts"),
        ("message.settings", "my_message.settings", "my_message.choose_notices"),
        ("menu.my_push", "my_push.index", "push.subscribe"),
        ("menu.my_feed", "my_feed.index", "own.make_feed"),
    )),
)


class ContactsForm(BaseForm):
    row_version = HiddenField()
    preferred_name = SelectField(Lazy("own.tell_contacts.preferred_name"), [Optional()])
    phone = StringField(Lazy("own.tell_contacts.phone"), [Required(), Length(max=30)], filters=[tidy], render_kw={
        "type": "tel", "autocomplete": "tel"})
    backup_phone = StringField(Lazy("own.tell_contacts.backup_phone"), [Optional(), Length(max=30)], filters=[tidy],
                               render_kw={"type": "tel"})
    email = StringField(Lazy("own.tell_contacts.email"), [Optional(), Length(max=200)], filters=[tidy], render_kw={
        "type": "email", "autocomplete": "email"})
    language = SelectField(Lazy("own.tell_contacts.language"), [Required()])


class MyOwn(OwnPage):
    @expose("/")
    def index(self) -> Any:
        by, me = actor(), self.me()
        kids = [{"label": one.call_name, "note": aged(one.born, by.today), "url": url_for("my_child.index", id=one.id)}
                for one in self.kids()]
        return self.render("guardian/own.html", heading=self.heading, kids=kids, ways=ways(by), missing=missing(me))

    @expose("/contacts/", methods=("GET", "POST"))
    def contacts(self) -> Any:
        """How the guardian is reached.  The name and the address come from the register and are the office's."""
        by, me = actor(), self.me()
        require(by, "own.tell_contacts", me)
        sent = request.method == "POST"
        form = ContactsForm(request.form if sent else None, obj=me)
        first = me.first_name.split()
        form.preferred_name.choices = [("", told("own.no_preferred")), *((one, one) for one in dict.fromkeys(first))]
        languages = [*LANGUAGES, *([me.language] if me.language not in LANGUAGES else [])]
        form.language.choices = [(one, called([one], "languages")) for one in languages]
        if not sent:
            form.row_version.data = me.version
        elif form.validate() and self._kept(form, me):
            return redirect(self.get_url(".contacts"))
        return self.render("guardian/contacts.html", heading=told("own.contacts"), form=form, me=me,
                           protected=me.restricted_on(by.today), back=self.get_url(".index"))

    def _kept(self, form: ContactsForm, me: Person) -> bool:
        given = {name: form[name].data or "" for name in (
            "phone", "backup_phone", "email", "preferred_name", "language")}

        def change() -> None:
            check_fresh(me, form.row_version.data)
            act.tell_contacts(me, actor(), **given)

        done = self.saved(change, "own.contacts_kept")
        if not done:
            db.session.rollback()  # what was refused does not stand on the page that says so
            form.row_version.data = me.version  # who has read what somebody else saved may save over it
        return done


def ways(by: Actor) -> list[tuple[str, list[dict[str, str]]]]:
    """What the reader may open, under its headings; notices on telephones where the city has them."""
    closed = set() if push_policy().enabled else {"push.subscribe"}
    found = [(told(heading), [{"label": told(word), "url": url_for(endpoint)}
                              for word, endpoint, key in links if may(by.identified, key) and key not in closed])
             for heading, links in WAYS]
    return [(heading, links) for heading, links in found if links]


def missing(me: Person) -> list[str]:
    """What the unit would need to reach the guardian."""
    return [told(word) for word, value in (("own.no_phone", me.phone), ("own.no_email", me.email)) if not value]
