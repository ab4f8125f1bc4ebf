"""The family in a person's file: whom to call, households, couples and foster care over time, who fetches the child."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from flask import g, request
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.access import within
from evaka.actions import Action, Among
from evaka.actions.person.contacts import family_around
from evaka.kit.dates import DateRange
from evaka.models.base import Model, db
from evaka.models.journal import AuditEvent
from evaka.models.person import (
    FamilyConflict,
    Partner,
    Person,
    partner_of,
)
from evaka.rules.person.family import ContactRole
from evaka.views.base import link, linked, row_number
from evaka.views.page import actor, aged, moment, row_url, told, word_of, written

BESIDE_ROWS = {  # actions on one row of the family: their links stand in that row
    "correct_head", "end_head", "delete_head", "correct_foster_parent", "delete_foster_parent", "correct_partner",
    "delete_partner", "order_contact", "contact_details", "edit_pickup", "delete_pickup", "unblock_guardian",
}


class FamilyBlocks:
    """The parts of PersonScreen about the family."""

    # -- links to what may be done to one row -----------------------------------------------------------

    def ask_rights(self, row: Any) -> None:
        """What the reader may do to this person: all the links of a file ask the database once, before them."""
        keys = [f"person.{verb}" for verb in (
            *sorted(BESIDE_ROWS), "set_head", "set_partner", "add_foster_parent", "add_pickup", "block_guardian",
            "set_invoice_address")]
        g.allowed = self.permits(dict(zip(keys, keys, strict=True)), row)

    def allowed(self, key: str) -> bool:
        return bool(g.allowed[key])

    def deeds(self, row: Any, *verbs: str, **chosen: int) -> Markup:
        """Links to actions on one row of the family, each with a short word of its own."""
        return Markup(" · ").join(
            Markup('<a class="small" href="{}">{}</a>').format(
                row_url("person.do", row.id, verb, **chosen), told(f"person.{verb}.short"))
            for verb in verbs if self.allowed(f"person.{verb}"))

    def _adding(self, row: Any, verb: str) -> dict[str, Any]:
        """The link in the head of a block."""
        if not self.allowed(f"person.{verb}"):
            return {}
        return {"link": (told(f"person.{verb}"), row_url("person.do", row.id, verb))}

    def of_chosen(self, action: Action, name: str, row: Any) -> Any:
        """What an input holds when the form is opened for one row of the family: that row, and what it says now."""
        for own, hint in action.inputs.items():
            if get_origin(hint) is not Annotated or (id := row_number(request.args.get(own, ""))) is None:
                continue
            model, *marks = get_args(hint)
            for mark in marks:
                if isinstance(mark, Among):
                    found = db.session.scalar(mark.rows(row, actor()).where(model.id == id))
                    return found if name == own else getattr(found, name, None)
        return None

    # -- the parts of a child's file ----------------------------------------------------------------------

    def _family(self, row: Any) -> dict[str, Any] | None:
        """Whom to call, in order; then who may not be told anything."""
        family = family_around(row, actor().today)
        rows = [
            [f"{place}.", link(str(person), "person.details_view", person.id), self._role(person, role, family.head),
             self._phones(person), person.email or "–", self.badges(self._family_signs(person)),
             self.deeds(row, "contact_details", "order_contact", contact=person.id)]
            for place, (person, role) in enumerate(family.calls(), start=1)
        ]
        columns = [told(f"person.{name}") for name in ("place_in_order", "name", "role", "phone", "email", "notes")]
        return self._block("person.family", [*columns, ""], [*rows, *self._blocked(row)])

    def _role(self, person: Any, role: ContactRole, head: int | None) -> str:
        own = word_of(role)
        return f"{own}, {told('person.head_word')}" if person.id == head else own

    def _phones(self, person: Any) -> str:
        """Both telephones, neither of them broken in two lines."""
        found = [one.replace(" ", "\u00a0") for one in (person.phone, person.backup_phone) if one]
        return ", ".join(found) or "–"

    def _family_signs(self, person: Any) -> list[tuple[str, str]]:
        return [("bad", told("person.restricted_sign"))] if person.restricted_on(actor().today) else []

    def _blocked(self, row: Any) -> Iterator[list[Any]]:
        """Guardians without rights; why, and who says so when, is told to those who may change it."""
        found = g.found["blocked"]
        if not found:
            return
        tells = self.allowed("person.block_guardian")
        lines = self._told_blocks(row) if tells else {}
        for one in found:
            person = one.guardian
            signs = [("bad", told("person.blocked")), *self._family_signs(person)]
            why = ". ".join(filter(None, (one.reason.rstrip("."), lines.get(one.id, "")))) if tells else ""
            yield ["–", link(str(person), "person.details_view", person.id), told("person.guardian"),
                   self._phones(person), person.email or "–",
                   Markup("{} {}").format(self.badges(signs), why) if why else self.badges(signs),
                   self.deeds(row, "unblock_guardian", guardian=one.id)]

    def _told_blocks(self, row: Any) -> dict[int, str]:
        """By guardian who blocked them, and when."""
        lines = db.session.scalars(
            select(AuditEvent).where(
                AuditEvent.action == "person.block_guardian", AuditEvent.subject == "person",
                AuditEvent.subject_id == row.id)
            .order_by(AuditEvent.id).options(joinedload(AuditEvent.user)))
        return {
            int(str(line.facts.get("guardian", "")).rpartition(" ")[2] or 0):
                f"{line.user or told('journal.machine')}, {moment(line.at)}"
            for line in lines
        }

    def _heads(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["heads"]
        if not rows and not self.allowed("person.set_head"):
            return None
        return self._block(
            "person.heads", [told("person.period"), told("person.name"), ""],
            [[str(DateRange(one.start, one.end)),
              link(f"{one.last_name} {one.first_name}", "person.details_view", one.head_id),
              self.deeds(row, "correct_head", "end_head", "delete_head", head=one.id)] for one in rows],
            **self._adding(row, "set_head"))

    def _fosters(self, row: Any) -> dict[str, Any] | None:
        """Foster care, now and then; most children have none, and no empty box."""
        rows = g.found["fosters"]
        if not rows:
            return None
        return self._block(
            "person.fosters", [told("person.period"), told("person.name"), ""],
            [[str(one.period), link(str(one.parent), "person.details_view", one.parent_id),
              self.deeds(row, "correct_foster_parent", "delete_foster_parent", foster=one.id)] for one in rows],
            **self._adding(row, "add_foster_parent"))

    def _pickups(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["pickups"]
        if not rows and not self.allowed("person.add_pickup"):
            return None
        return self._block(
            "person.pickups", [told("person.name"), told("person.phone"), ""],
            [[self._who_fetches(one), one.phone.replace(" ", "\u00a0"),
              self.deeds(row, "edit_pickup", "delete_pickup", pickup=one.id)] for one in rows],
            aside=True, **self._adding(row, "add_pickup"))

    def _who_fetches(self, one: Any) -> Markup:
        """The name; under it what somebody is to the child, and until when: the box is narrow."""
        until = told("own.pickup_until", day=one.last_day) if one.last_day else ""
        about = ", ".join(filter(None, (one.relation, until)))
        return Markup("{}<br><small class=\"muted\">{}</small>").format(one.name, about) if about else Markup(
            "{}").format(one.name)

    # -- the parts of a grown-up's file -------------------------------------------------------------------

    def _partner(self, row: Any) -> Partner | None:
        return db.session.scalar(partner_of(row.id, actor().today))

    def _partners(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["partners"]
        if not rows and not self.allowed("person.set_partner"):
            return None

        def other(one: Partner) -> Person:
            return one.second if one.first_id == row.id else one.first

        return self._block(
            "person.partners", [told("person.period"), told("person.name"), ""],
            [[str(one.period), linked(other(one)),
              self.deeds(row, "correct_partner", "delete_partner", partner=one.id)] for one in rows],
            **self._adding(row, "set_partner"))

    def _children(self, row: Any) -> dict[str, Any] | None:
        """The children whose guardian, foster parent or head somebody is or was."""
        by = actor()
        ties: dict[int, dict[str, None]] = {}
        for one in g.found["ward"]:
            ties.setdefault(one.child_id, {})[told("person.blocked" if one.blocked else "person.guardian")] = None
        for name, word in (("headed", "person.head_word"), ("fostered", "person.foster_word")):
            for one in g.found[name]:
                ties.setdefault(one.child_id, {})[f"{told(word)} {one.period}"] = None
        rows = db.session.scalars(
            select(Person).where(Person.id.in_(ties), within(by, "person.view", Person)).order_by(Person.born)).all()
        return self._block(
            "person.children", [told(f"person.{name}") for name in ("name", "born", "age", "role")],
            [[link(str(one), "person.details_view", one.id), written(one.born), aged(one.born), ", ".join(ties[one.id])]
             for one in rows])

    # -- what does not fit together -----------------------------------------------------------------------

    def conflict_warnings(self, found: list[FamilyConflict], row: Any) -> list[dict[str, str]]:
        """The open conflicts that concern somebody, for those who may resolve them."""
        return [
            {"look": "warn", "title": word_of(one.kind), "text": ", ".join(map(str, self._others(one, row))),
             "url": self.get_url("conflict.details_view", id=one.id), "link": told("person.conflict.open")}
            for one in found
        ]

    def _others(self, one: FamilyConflict, row: Any) -> list[Model]:
        return [person for person in (one.person, one.other) if person is not None and person.id != row.id]
