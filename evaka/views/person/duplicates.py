"""Who is probably one person, entered twice: the pairs, what a merge would do, and then the merge or the "no"."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy import select

from evaka.access import may, permitted, within
from evaka.actions.person import merge as act
from evaka.actions.person.export import column_name, table_name
from evaka.kit.errors import Denied
from evaka.models.base import db
from evaka.models.person import Person, alike, matching
from evaka.rules.person import address_lines
from evaka.rules.person.duplicate import Described, Likeness, likeness, score
from evaka.rules.person.protection import TELLS_HOME
from evaka.texts import knows
from evaka.views.base import row_number
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import FILES
from evaka.views.forms import called
from evaka.views.page import Lazy, actor, aged, language, person, told, word_of, written

MOST = 200  # pairs shown at once; a merged or dismissed pair makes room for the next
FOUND = 20  # people found by a search
HEALTH = ("allergies", "medication", "diet")


def described(one: Person) -> Described:
    return Described(one.first_name, one.last_name, one.born, one.identity_code, one.phone, one.email,
                     address_lines(one.street, one.postal_code, one.post_office, restricted=False))


def pairs(born: date | None = None) -> list[tuple[int, tuple[Likeness, ...], Person, Person]]:
    """(score, reasons, the two people) of what the reader may merge, the surest first."""
    found = db.session.execute(alike(born).limit(5 * MOST)).all()
    ids = permitted(actor(), "person.tell_apart", Person, {id for pair in found for id in pair})
    found = [pair for pair in found if set(pair) <= ids]
    people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(ids)))}
    judged = []
    for one, other in found:
        first, second = people[one], people[other]
        if reasons := likeness(described(first), described(second)):
            if second.identity_code and not first.identity_code:
                first, second = second, first  # the one whom the register knows stays
            judged.append((score(reasons), reasons, first, second))
    judged.sort(key=lambda pair: (-pair[0], pair[2].sort_key, pair[2].id))
    return judged


class Duplicates(BaseView):
    feature = "person"

    def __init__(self, name: str) -> None:
        super().__init__(name=Lazy("menu.duplicates"), endpoint=name, url=f"/office/{name}")

    def is_accessible(self) -> bool:
        return person() is not None and may(actor(), "person.tell_apart")

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        raise Denied("access.denied", action="person.tell_apart")

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return fn(self, *args, **kwargs)

    def _person(self, id: Any) -> Person:
        """Somebody whom the reader may see here; else there is no such page."""
        number = row_number(id)
        query = select(Person).where(Person.id == number, within(actor(), "person.tell_apart", Person))
        found = db.session.scalar(query) if number is not None else None
        return found or abort(404)

    @expose("/")
    def index(self) -> Any:
        found = pairs()
        return self.render("office/duplicates.html", count=len(found), pairs=[
            {"reasons": [("info", word_of(one)) for one in reasons], "score": points,
             "people": [self._shown(one) for one in (first, second)],
             "compare": self.get_url(".compare", kept=first.id, gone=second.id),
             "ids": (first.id, second.id)}
            for points, reasons, first, second in found[:MOST]])

    def _shown(self, one: Person) -> dict[str, Any]:
        code = one.identity_code or told("person.no_code")
        return {"name": str(one), "url": url_for("person.details_view", id=one.id),
                "note": f"{written(one.born)} · {aged(one.born)} · {code}"}

    @expose("/choose/")
    def choose(self) -> Any:
        """The other row of a person whose file is open: suggested, or searched."""
        one = self._person(request.args.get("id"))
        sought = request.args.get("q", "").strip()[:100]
        near = [second if first.id == one.id else first
                for _, _, first, second in pairs(one.born) if one.id in (first.id, second.id)]
        people: list[Person] = []
        if sought:
            people = list(db.session.scalars(
                select(Person).where(matching(sought), Person.id != one.id,
                                     within(actor(), "person.tell_apart", Person))
                .order_by(Person.sort_key, Person.id).limit(FOUND)))
        return self.render(
            "office/duplicates_choose.html", one=one, sought=sought, back=url_for("person.details_view", id=one.id),
            groups=[(told(title), [self._shown(other) | {"url": self.get_url(".compare", kept=one.id, gone=other.id)}
                                   for other in some])
                    for title, some in (("person.merge.suggested", near), ("person.merge.found", people)) if some])

    @expose("/compare/")
    def compare(self) -> Any:
        """Both side by side, what would move, and what stands in the way; nothing is done."""
        kept, gone = self._person(request.args.get("kept")), self._person(request.args.get("gone"))
        if kept.id == gone.id:
            abort(404)
        plan = act.plan_of(kept, gone)
        restricted = any(one.restricted_on(actor().today) for one in (kept, gone))
        may_merge = permitted(actor(), "person.merge", Person, {kept.id, gone.id}) == {kept.id, gone.id}
        knows_health = permitted(actor(), "person.health", Person, {kept.id, gone.id}) == {kept.id, gone.id}
        return self.render(
            "office/merge.html", kept=kept, gone=gone, plan=plan, may_merge=may_merge,
            people=[self._shown(one) for one in (kept, gone)],
            swap=self.get_url(".compare", kept=gone.id, gone=kept.id),
            parts=[self._part(part, kept, gone, restricted) for part in plan.parts
                   if (part.kept or part.gone) and (knows_health or part.name not in HEALTH)],
            moves=[(table_name(name, language()), count) for name, count in sorted(plan.moves.items())],
            united=len(plan.drop), obstacles=[self._obstacle(one) for one in plan.obstacles],
        )

    def _part(self, part: act.Part, kept: Person, gone: Person, restricted: bool) -> dict[str, Any]:
        """A line of the comparison; an address that is restricted in either row is not shown here either."""
        hidden = restricted and part.name in TELLS_HOME

        def shown(value: Any) -> str:
            if hidden and value:
                return told("person.restricted_sign")
            if part.name == "language":
                return called([value], "languages")
            return written(value) or "–"

        return {
            "name": part.name, "label": column_name("person", part.name, language()),
            "kept": shown(part.kept), "gone": shown(part.gone), "chosen": part.chosen,
            "differ": part.kept != part.gone, "from_gone": part.result == part.gone != part.kept,
            "joined": part.result not in (part.kept, part.gone),
        }

    def _obstacle(self, one: act.Obstacle) -> dict[str, Any]:
        """What stands in the way, and what to do; with links to the rows that have a page."""
        model = act.model_of(one.table)
        rows = list(db.session.scalars(select(model).where(model.id.in_(one.ids)))) if model else []
        key = "person.obstacle.own" if one.own else f"person.obstacle.{one.table}"
        return {
            "title": table_name(one.table, language()),
            "text": told(key if knows(key) else "person.obstacle.other"),
            "rows": [(self._said(row), self._page(row)) for row in rows],
        }

    def _said(self, row: Any) -> str:
        said = str(row)
        if said.startswith("<"):  # a kind of row that has no words of its own
            said = f"{row.period}" if hasattr(row, "period") else f"{row.id}"
        return said

    def _page(self, row: Any) -> str:
        endpoint = {"fee": "fee", "invoice": "invoice", "placement": "placement", "income": "income"} | FILES
        name = endpoint.get(row.__tablename__)
        feature = row.feature_name()
        return url_for(f"{name}.details_view", id=row.id) if name and may(actor(), f"{feature}.view") else ""

    @expose("/merge/", methods=("POST",))
    def merge(self) -> Any:
        kept, gone = self._person(request.form.get("kept")), self._person(request.form.get("gone"))
        taken = frozenset(name.removeprefix("from_") for name, value in request.form.items()
                          if name.startswith("from_") and value == "gone")
        name, ids = str(gone), (kept.id, gone.id)
        with attempt() as tried:
            act.merge(kept, actor(), gone=gone, taken=taken, seen=request.form.get("seen", "none"))
        if not tried.done:
            return redirect(self.get_url(".compare", kept=ids[0], gone=ids[1]))
        flash(told("person.merge.done", name=name), "success")
        return redirect(url_for("person.details_view", id=ids[0]))

    @expose("/tell_apart/", methods=("POST",))
    def tell_apart(self) -> Any:
        one, other = self._person(request.form.get("one")), self._person(request.form.get("other"))
        names = f"{one}, {other}"
        with attempt() as tried:
            act.tell_apart(one, actor(), other=other)
        if tried.done:
            flash(told("person.tell_apart.done", names=names), "success")
        return redirect(self.get_url(".index"))
