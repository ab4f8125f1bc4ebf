"""An index day on one screen: what a new fee table changes, the drafts, the exceptions, and the letters."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import jsonify, redirect, request, url_for
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload
from wtforms import SelectField

from evaka.access import may, require_any
from evaka.actions import Action
from evaka.actions import index_day as act
from evaka.kit.errors import Refused
from evaka.kit.money import euros
from evaka.models.base import db
from evaka.models.index_day import IndexDay, IndexDayFamily
from evaka.rules.fee import Difference
from evaka.rules.index_day import Bar, FamilyState, IndexDayStatus, histogram
from evaka.texts import explain, knows
from evaka.views.base import Button, Screen, link
from evaka.views.base.attempt import attempt
from evaka.views.filters import RowFilter, StateFilter
from evaka.views.forms import Required
from evaka.views.page import Lazy, actor, language, told, word_of, written

SAMPLE = 5  # families at each end and in the middle
ROAD = {  # the stages of the way, in order, and the states of families that have passed each
    IndexDayStatus.PREVIEW: "preview",
    IndexDayStatus.DRAFTING: "drafts",
    IndexDayStatus.SENDING: "letters",
}
STATES: Any = IndexDayFamily.state
CHANGE: Any = IndexDayFamily.after - IndexDayFamily.before


class BeginForm(BaseForm):
    table = SelectField(Lazy("index_day.table"), [Required()])


class IndexDayScreen(Screen):
    """Every index day; the file of one is the road from the preview to the letters."""

    column_list = ("start", "status", "made_at", "user", "approved_at", "approver")
    column_details_list = ("start", "city_table", "status", "made_at", "user", "approved_at", "approver")
    column_sortable_list = ("start", "status")
    column_default_sort = ("id", True)
    column_filters = (StateFilter(IndexDay.status, "index_day.status", IndexDayStatus),)
    details_template = "office/index_day.html"
    main = ("index_day.draft", "index_day.approve", "index_day.retry")
    rare = ("index_day.close",)

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(IndexDay.user), joinedload(IndexDay.approver))

    def row_heading(self, row: Any) -> str:
        return told("index_day.of", start=row.start)

    def row_fact_line(self, row: Any) -> str:
        return told(f"index_day.now.{row.status}")

    def head_buttons(self) -> list[Button]:
        if not may(actor(), "index_day.begin"):
            return []
        return [Button(told("index_day.begin"), self.get_url(".begin"), "primary")]

    def offers(self, action: Action, row: Any) -> bool:
        """The next stage when the one before it is done; another try when there is something to try."""
        counts = act.counts(row.id)
        if action.verb == "retry":
            return row.status is not IndexDayStatus.CLOSED and counts[FamilyState.EXCEPTION] > 0
        if action.verb in ("draft", "approve"):
            wanted = FamilyState.CHANGED if action.verb == "draft" else FamilyState.DRAFTED
            return counts[wanted] > 0 and act.left(row.id, row.status) == 0
        return True

    @expose("/begin/", methods=("GET", "POST"))
    def begin(self) -> Any:
        """Which table the index day is of: one that holds, or one that is still drafted."""
        require_any(actor(), "index_day.begin")
        offered = {
            f"{version.id if version else 0}:{table.valid.start}": (version, table)
            for version, table in act.choices(actor().today)
        }
        form = BeginForm(request.form if request.method == "POST" else None)
        form.table.choices = [(key, self.named(*one)) for key, one in offered.items()]
        if request.method == "POST" and form.validate():
            version, table = offered[form.table.data]
            with attempt() as tried:
                id = act.begin(actor(), start=table.valid.start, version=version).id
            if tried.done:
                return redirect(self.get_url(".details_view", id=id))
        return self.render(
            "office/index_day_begin.html", form=form, offered=offered, heading=told("index_day.begin"),
            crumbs=self.crumbs, back=self.get_url(".index_view"),
            tables=url_for("city.table", file="fees", table="table") if may(actor(), "city.view") else "",
        )

    def named(self, version: Any, table: Any) -> str:
        """“from 1.1.2027, as drafted in version 4”"""
        if version is None:
            return told("index_day.table_holds", start=table.valid.start)
        return told("index_day.table_version", start=table.valid.start, number=version.id, status=version.status)

    @expose("/progress/")
    def progress(self) -> Any:
        """How far the work is, for the page that stays open."""
        row = self.row_or_404(request.args.get("id"))
        return jsonify(done=self.done(row), left=act.left(row.id, row.status), status=row.status.value)

    def done(self, row: Any) -> int:
        counts = act.counts(row.id)
        return sum(counts.values()) - act.left(row.id, row.status)

    # -- the file -----------------------------------------------------------------------------------

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        counts, found = act.counts(row.id), []
        if counts[FamilyState.EXCEPTION]:
            found.append({
                "look": "warn", "title": told("index_day.exceptions", count=counts[FamilyState.EXCEPTION]),
                "text": told("index_day.exceptions_help"), "url": self.families(row, FamilyState.EXCEPTION),
                "link": told("index_day.exceptions_list"),
            })  # fmt: skip
        if row.status is IndexDayStatus.PREVIEW and not act.holds(row.city_table, actor().today):
            found.append({
                "look": "info", "title": told("index_day.not_yet"), "text": told("index_day.not_yet_help"),
                "url": url_for("city_version.details_view", id=row.city_table_id) if may(actor(), "city.view") else "",
                "link": told("menu.city_version"),
            })  # fmt: skip
        return found

    def families(self, row: Any, state: FamilyState) -> str:
        """The list of the families of an index day that are so far."""
        return url_for("index_day_family.index_view", flt0_0=row.id, flt1_1=state.value)

    def file(self, row: Any) -> dict[str, Any]:
        counts = act.counts(row.id)
        left = act.left(row.id, row.status)
        return super().file(row) | {
            "road": self.road(row),
            "left": left,
            "done": sum(counts.values()) - left,
            "of": sum(counts.values()),
            "progress_url": self.get_url(".progress", id=row.id),
            "kpis": self.kpis(row, counts),
            "chart": self.chart(row),
        }

    def road(self, row: Any) -> list[tuple[str, str]]:
        """(words, “done”, “now” or “later”) of each stage."""
        stages = list(ROAD)
        at = stages.index(row.status) if row.status in stages else len(stages)
        return [
            (told(f"index_day.road.{ROAD[stage]}"), "done" if place < at else "now" if place == at else "later")
            for place, stage in enumerate(stages)
        ]

    def kpis(self, row: Any, counts: dict[FamilyState, int]) -> list[dict[str, Any]]:
        changed = sum(counts[one] for one in (FamilyState.CHANGED, FamilyState.DRAFTED, FamilyState.SENT))
        before, after = db.session.execute(
            select(
                func.coalesce(func.sum(IndexDayFamily.before), 0), func.coalesce(func.sum(IndexDayFamily.after), 0)
            ).where(self.looked_at(row))
        ).one()
        figures = (
            ("changed", changed, told("index_day.of_all", count=sum(counts.values()))),
            ("sum", euros(after), told("index_day.was", amount=euros(before))),
            ("difference", euros(after - before), told("index_day.a_month")),
        )
        found = [{"label": told(f"index_day.{name}"), "value": value, "note": note} for name, value, note in figures]
        for state in (FamilyState.DRAFTED, FamilyState.SENT, FamilyState.EXCEPTION):
            if counts[state]:
                found.append({"label": word_of(state), "value": counts[state], "note": told("ui.all"),
                              "url": self.families(row, state)})  # fmt: skip
        return found

    def looked_at(self, row: Any) -> ColumnElement[bool]:
        """The families of an index day whose old and new fee are known."""
        known = STATES.not_in([FamilyState.WAITING, FamilyState.EXCEPTION])
        return (IndexDayFamily.index_day_id == row.id) & known

    def chart(self, row: Any) -> dict[str, Any] | None:
        """How many families' fees change by how much."""
        changed = STATES.in_([FamilyState.CHANGED, FamilyState.DRAFTED, FamilyState.SENT])
        rows = db.session.execute(
            select(CHANGE, func.count()).where(IndexDayFamily.index_day_id == row.id, changed).group_by(CHANGE)
        )
        bars = histogram(rows.tuples())
        if not bars:
            return None
        return {
            "title": told("index_day.histogram"), "about": told("index_day.histogram_about"),
            "label": told("index_day.change"), "labels": [self.span(bar) for bar in bars],
            "series": [{"kind": "bar", "look": "main", "name": told("index_day.families"),
                        "values": [bar.count for bar in bars]}],
        }  # fmt: skip

    def span(self, bar: Bar) -> str:
        """“20–50 €”, “0 €”, “yli 100 €”"""
        if bar.low == bar.high:
            return told("index_day.same")
        low, high = ("" if one is None else f"{one // 100}".replace("-", "−") for one in (bar.low, bar.high))
        if low and high:
            return f"{low}…{high}"
        return f"> {low}" if low else f"< {high}"

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        rows = self.sample(row)
        return [{
            "title": told("index_day.sample"), "empty": told("index_day.no_sample"), "figures": [1, 2, 3],
            "link": (told("ui.all"), url_for("index_day_family.index_view", flt0_0=row.id)) if rows else None,
            "head": [told(f"index_day.{name}") for name in ("head", "before", "after", "change", "why")],
            "rows": [
                [link(str(one.head), "person.details_view", one.head_id), euros(one.before), euros(one.after),
                 euros(one.change), reasons(one)]
                for one in rows
            ],
        }]  # fmt: skip

    def sample(self, row: Any) -> list[IndexDayFamily]:
        """The families whose fee falls and rises most, and some between."""
        changed = STATES.in_([FamilyState.CHANGED, FamilyState.DRAFTED, FamilyState.SENT])
        mine = select(IndexDayFamily).where(IndexDayFamily.index_day_id == row.id, changed)
        mine = mine.options(joinedload(IndexDayFamily.head)).limit(SAMPLE)
        count = db.session.scalar(select(func.count()).select_from(mine.limit(None).subquery())) or 0
        ends = [mine.order_by(CHANGE, IndexDayFamily.id), mine.order_by(CHANGE.desc(), IndexDayFamily.id)]
        between = mine.order_by(IndexDayFamily.id).offset(count // 2)
        found = {one.id: one for query in (*ends, between) for one in db.session.scalars(query)}
        return sorted(found.values(), key=lambda one: (one.change, one.id))


def reasons(row: IndexDayFamily) -> str:
    """What changed since the decision before, in words."""
    return written([Difference(one) for one in row.why])


def trouble(row: IndexDayFamily) -> str:
    """Why a family is an exception, and what to do about it."""
    if not row.trouble:
        return ""
    if not knows(row.trouble):
        return row.trouble
    return explain(Refused(row.trouble, **act.told_facts(row.trouble_facts)), language())


class FamilyScreen(Screen):
    """The families of an index day: what each pays and will pay, how far it is, and what is the matter."""

    feature = "index_day"
    column_list = ("head", "before", "after", "change", "why", "state", "trouble")
    column_details_list = ("index_day", *column_list)
    column_sortable_list = (("head", "head.sort_key"), "before", "after", "state")
    column_default_sort = ("id", False)
    search_people = ("head_id",)
    money = ("before", "after", "change")
    reading = True
    column_filters = (
        RowFilter(IndexDayFamily.index_day_id, "index_day.start", IndexDay),
        StateFilter(IndexDayFamily.state, "index_day.state", FamilyState),
    )
    column_formatters: ClassVar = {
        "head": lambda _view, _context, row, _name: link(str(row.head), "person.details_view", row.head_id),
        "why": lambda _view, _context, row, _name: reasons(row),
        "trouble": lambda _view, _context, row, _name: trouble(row),
    }
    column_formatters_detail = column_formatters
    column_formatters_export: ClassVar = {
        "why": column_formatters["why"], "trouble": column_formatters["trouble"],
    }  # fmt: skip

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(IndexDayFamily.head))
