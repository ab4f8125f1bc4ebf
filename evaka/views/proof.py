"""The ratio of any group at any minute of the past: who was there, the reckoning, and who has noted it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import quote

from flask import Response, flash, g, request, url_for
from flask_admin import expose
from sqlalchemy import select

from evaka.access import Actor, within
from evaka.actions.forecast import policy
from evaka.actions.proof import Note, course, notes_of, past_of
from evaka.kit.dates import DateRange
from evaka.letters.letter import city_sender
from evaka.letters.proof import ProofFacts, proof_sheet
from evaka.letters.report import sheet_pdf
from evaka.models.base import HELSINKI, db
from evaka.models.person import Person
from evaka.models.unit import Group, Unit
from evaka.rules.booking.span import minute_of
from evaka.rules.proof import AdultLine, ChildLine, Proof, changes, neighbours
from evaka.rules.staff import RatioState, StaffKind
from evaka.rules.unit import AN_ADULT
from evaka.views.assistance import note_reading
from evaka.views.base import Page, link
from evaka.views.forecast import chosen, day_asked, units_of, weekday
from evaka.views.forecast.picture import picture
from evaka.views.forms import NotATime, clock_of
from evaka.views.home.morning import LOOKS, ratio_policy, ratio_words
from evaka.views.page import actor, clock, decimal, language, moment, option_name, told, word_of

BADGES = {RatioState.ENOUGH: "good", RatioState.TIGHT: "warn", RatioState.EXCEEDED: "bad"}


@dataclass
class Asked:
    """What the address asks for."""

    unit: Unit
    groups: list[Group]
    group: Group | None
    day: date
    at: time

    @property
    def moment(self) -> datetime:
        return datetime.combine(self.day, self.at, HELSINKI)

    @property
    def group_name(self) -> str:
        return self.group.name if self.group else told("forecast.whole_unit")

    def address(self, endpoint: str, at: datetime | None = None) -> str:
        moment_ = at or self.moment
        return url_for(endpoint, unit=self.unit.id, group=self.group.id if self.group else None,
                       day=moment_.date().isoformat(), at=clock(moment_))


class Proofs(Page):
    permission = "proof.view"

    @expose("/")
    def index(self) -> Any:
        by = actor()
        units = units_of(by, self.permission)
        asked = self._asked(by, units)
        if asked is None:
            return self.render("office/proof.html", asked=None, units=units)
        past = past_of(asked.unit, asked.day).of_group(asked.group.id if asked.group else None)
        shown = past.at(asked.moment)
        self._note(asked, shown)
        names, groups = self._names(by, shown), {one.id: one.name for one in asked.groups}
        notes = notes_of(shown)
        hours = asked.unit.opening.on(asked.day.isoweekday())
        opening = (minute_of(hours.start), minute_of(hours.end)) if hours else None
        slots = course(policy(), past, opening, by.now)
        state = shown.ratio.state(ratio_policy())
        before, after = neighbours(changes(past.children, past.adults), asked.moment)
        return self.render(
            "office/proof.html", asked=asked, units=units, named=weekday(asked.day), state=(
                BADGES.get(state, ""), word_of(state)), kpis=self._kpis(shown, state),
            sums=self._steps(shown), children=self._children(shown, names, groups, notes),
            adults=self._adults(shown, groups, notes), pdf=asked.address(".paper"),
            before=(asked.address(".index", before), clock(before)) if before else None,
            after=(asked.address(".index", after), clock(after)) if after else None,
            chart=picture(slots, policy().step, minute_of(asked.at), word="morning.at") if past.children else None)

    @expose("/paper/")
    def paper(self) -> Any:
        """The same on paper, to be attached to a reply."""
        by = actor()
        asked = self._asked(by, units_of(by, self.permission))
        if asked is None:
            return self.index()
        past = past_of(asked.unit, asked.day).of_group(asked.group.id if asked.group else None)
        shown = past.at(asked.moment)
        self._note(asked, shown)
        names, notes = self._names(by, shown), notes_of(shown)
        state = shown.ratio.state(ratio_policy())
        facts = ProofFacts(
            sender=city_sender(language()), printed_by=by.name, printed_at=moment(by.now), unit=str(asked.unit),
            group=asked.group_name, at=f"{weekday(asked.day)} {clock(asked.at)}", state=word_of(state),
            ratio=ratio_words(shown.ratio), sums=shown.sums,
            children=tuple(
                (names.get(one.child) or told("proof.unseen", id=one.child), clock(one.arrived), self._left(one),
                 f"{decimal(one.weight.value)} ({self._why(one)})", self._noted(notes.get(("presence", one.row), [])))
                for one in shown.children),
            adults=tuple(
                (one.name, clock(one.arrived), self._left(one), self._counts(one),
                 self._noted(notes.get(("staff_presence", one.row), []))) for one in shown.adults))
        name = f"{told('menu.proof')} {asked.unit} {asked.moment:%Y-%m-%d %H.%M}"
        return Response(sheet_pdf(proof_sheet(facts, language())), mimetype="application/pdf", headers={
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}.pdf", "Cache-Control": "no-store"})

    def _asked(self, by: Actor, units: list[Unit]) -> Asked | None:
        """What is asked for; now, of the first unit, when nothing is."""
        unit = chosen(units, "unit")
        if unit is None:
            return None
        day = min(day_asked("day", by.today), by.today)
        groups = list(db.session.scalars(
            select(Group).where(Group.unit_id == unit.id, Group.meets(DateRange(day, day))).order_by(Group.name)))
        wanted = request.args.get("group", "")
        group = next((one for one in groups if str(one.id) == wanted), None)
        try:
            at = clock_of(request.args.get("at", "").strip() or clock(by.now))
        except NotATime as no:
            flash(told("form.clock", typed=str(no)), "error")
            at = by.now.time().replace(second=0, microsecond=0)
        if datetime.combine(day, at, HELSINKI) > by.now:
            at = by.now.time().replace(second=0, microsecond=0)
        return Asked(unit, groups, group, day, at)

    def _note(self, asked: Asked, shown: Proof) -> None:
        """Whoever reads who was where stands in the journal, and of whose support the weights tell."""
        facts = {"group": asked.group_name, "at": moment(asked.moment)}
        g.setdefault("reads", []).append(("proof.read", asked.unit, facts))
        note_reading({one.child for one in shown.children if one.weight.factor != 1})

    def _names(self, by: Actor, shown: Proof) -> dict[int, str]:
        """Those whom the reader may still see; a child that has left is a number."""
        ids = {one.child for one in shown.children}
        rows = db.session.scalars(select(Person).where(Person.id.in_(ids), within(by, "person.view", Person)))
        return {row.id: str(row) for row in rows}

    def _kpis(self, shown: Proof, state: RatioState) -> list[dict[str, Any]]:
        ratio = shown.ratio
        return [
            {"label": told("proof.children"), "value": ratio.children,
             "note": told("proof.weigh", weight=decimal(ratio.weight))},
            {"label": told("proof.adults"), "value": ratio.adults,
             "note": told("proof.count_for", weight=decimal(ratio.capacity))},
            {"label": told("proof.ratio"), "value": ratio_words(ratio), "look": LOOKS.get(state),
             "note": told("morning.limit_short", limit=decimal(AN_ADULT, 1))},
            {"label": told("proof.needed"), "value": ratio.adults_needed, "note": ""},
        ]

    def _steps(self, shown: Proof) -> list[dict[str, str]]:
        sums = [text.rpartition(" = ") for text in shown.sums]
        titles = ("proof.sum_children", "proof.sum_adults", "proof.sum_ratio")
        return [{"title": told(title), "math": text, "rule": told("proof.law") if title == titles[2] else "",
                 "sum": result if equals else "–"}
                for title, text, (_, equals, result) in zip(titles, shown.sums, sums, strict=True)]

    def _left(self, one: ChildLine | AdultLine) -> str:
        """16.02, or nothing while somebody is still there; with a sign when nobody saw it."""
        if one.left is None:
            return ""
        return f"{clock(one.left)} {told('proof.automatic')}" if one.automatic else clock(one.left)

    def _why(self, one: ChildLine) -> str:
        """Where a weight comes from."""
        parts = [option_name("service_needs", one.weight.need) if one.weight.need else told(one.weight.why)]
        if one.weight.under_3:
            parts.append(told("proof.under_3"))
        if one.weight.factor != 1:
            parts.append(one.weight.arithmetic.strip("()"))
        return ", ".join(parts)

    def _counts(self, one: AdultLine) -> str:
        if not one.counts:
            return told("proof.does_not_count", kind=word_of(StaffKind(one.kind)))
        return decimal(one.coefficient)

    def _noted(self, notes: list[Note]) -> str:
        """Merkitsi saapuneeksi: Kanit-tabletti 27.11.2026 7.12"""
        return "; ".join(
            f"{told(one.action)}: {one.user or told('journal.machine')} {moment(one.at)}" for one in notes
        ) or told("proof.no_notes")

    def _children(
        self, shown: Proof, names: dict[int, str], groups: dict[int, str], notes: dict[tuple[str, int], list[Note]]
    ) -> dict[str, Any]:
        rows = sorted(shown.children, key=lambda one: (names.get(one.child, "~"), one.child))
        return {
            "title": told("proof.who_children"), "note": str(len(rows)), "empty": told("proof.nobody"),
            "head": [told(f"proof.{name}") for name in ("child", "group", "from", "to", "weight", "why", "noted")],
            "figures": [4], "rows": [
                [link(names[one.child], "person.details_view", one.child) if one.child in names
                 else told("proof.unseen", id=one.child), groups.get(one.group or 0, "–"), clock(one.arrived),
                 self._left(one), decimal(one.weight.value), self._why(one),
                 self._noted(notes.get(("presence", one.row), []))] for one in rows]}

    def _adults(
        self, shown: Proof, groups: dict[int, str], notes: dict[tuple[str, int], list[Note]]
    ) -> dict[str, Any]:
        return {
            "title": told("proof.who_adults"), "note": str(len(shown.adults)), "empty": told("proof.nobody"),
            "head": [told(f"proof.{name}") for name in ("adult", "group", "from", "to", "counts", "noted")],
            "rows": [
                [one.name, groups.get(one.group or 0, "–"), clock(one.arrived), self._left(one), self._counts(one),
                 self._noted(notes.get(("staff_presence", one.row), []))] for one in shown.adults]}
