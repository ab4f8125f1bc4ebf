"""A new letter: kept as a draft, then looked at with everybody who gets it, and only then sent."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from flask import abort, flash, redirect, request
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from evaka.access import within
from evaka.actions import message as act
from evaka.kit.errors import Denied, Refused
from evaka.models.application import Application
from evaka.models.base import HELSINKI, db, transaction
from evaka.models.message import Box, Folder, Post, Template
from evaka.models.person import Person
from evaka.models.unit import Group
from evaka.models.user import User
from evaka.rules.message.audience import NOBODY, SHIFTS, Chosen
from evaka.rules.message.post import BoxKind, PostKind, PostStatus
from evaka.views.base import Screen, row_number, sentence
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import REFUSALS, check_fresh, count_save, told_what_changed
from evaka.views.forms import ClockField, DayField
from evaka.views.income.statement import size_of
from evaka.views.message.papers import sent_files
from evaka.views.message.picks import picks
from evaka.views.page import Lazy, actor, address_args, told

PEOPLE = 100  # recipients on a page of the list
LONGEST = 20_000  # letters of a message


class LetterForm(BaseForm):
    """The words; to whom they go is chosen beside them."""

    title = StringField(Lazy("message.title"), [Length(max=200)])
    body = TextAreaField(Lazy("message.body"), [Length(max=LONGEST)], render_kw={"rows": 12})
    row_version = HiddenField()

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for field in (self.title, self.body):
            field.flags.quiet = True  # a draft may lack them, what is sent may not


class WhenForm(BaseForm):
    """Left empty: at once."""

    day = DayField(Lazy("message.send_day"), [Optional()])
    clock = ClockField(Lazy("message.send_clock"), [Optional()])


class Compose(Screen):
    """The pages on which letters are written and looked at."""

    @expose("/to_group/")
    def to_group(self) -> Any:
        """To all families of a group, from its own box."""
        by, id = actor(), row_number(request.args.get("id", ""))
        group = None if id is None else db.session.scalar(
            select(Group).where(Group.id == id, within(by, "message.send", Group)))
        if group is None:
            raise Denied("access.denied", action="message.send")
        act.check_open(group)
        return redirect(self.get_url(".new", **{"from": f"group-{group.id}"}, groups=group.id))

    @expose("/to_child/")
    def to_child(self) -> Any:
        """To the guardians of one child, from the box of its group."""
        by, id = actor(), row_number(request.args.get("id", ""))
        child = None if id is None else db.session.scalar(
            select(Person).where(Person.id == id, within(by, "message.write", Person)))
        if child is None:
            abort(404)
        group = act.group_of_child(child, by)
        if f"group-{group.id}" not in {name for name, _, _ in act.writers(by)}:
            raise Denied("access.denied", action="message.write")
        return redirect(self.get_url(".new", **{"from": f"group-{group.id}"}, children=child.id))

    @expose("/write/", methods=("GET", "POST"))
    def new(self) -> Any:
        """In whose name first, where there is a choice; then the letter."""
        by = actor()
        writers = act.writers(by)
        if not writers:
            raise Denied("access.denied", action="message.send")
        asked = request.args.get("from") or (writers[0][0] if len(writers) == 1 else None)
        if asked is None:
            return self.render(
                "office/message_from.html", heading=told("ui.message.new"), crumbs=self.crumbs,
                back=self.get_url(".index_view"),
                writers=[(self.get_url(".new", **(address_args() | {"from": name})),
                          self.writer_label(kind, group)) for name, kind, group in writers])
        found = next((one for one in writers if one[0] == asked), None)
        if found is None:
            raise Denied("access.denied", action="message.send")
        form = LetterForm(request.form if request.method == "POST" else None)
        chosen, settings = self._typed(found[1], request.form if request.method == "POST" else request.args)
        if request.method == "POST" and form.validate():
            with attempt() as tried:
                box = act.box_named(asked, by)
                post = act.draft(box, by, kind=settings["kind"], title=form.title.data or "",
                                 body=form.body.data or "", chosen=chosen)
                act.save(post, by, title=post.title, body=post.body, chosen=chosen, **settings)
                for upload in sent_files():
                    act.attach(post, by, upload=upload)
                self._use_template(post)
                id = post.id
            if tried.done:
                return self._on(id, request.form.get("press", "save"))
        if request.method == "GET":
            form.title.data = request.args.get("title", "")[:200]
            form.body.data = self._signed(found[1], found[2])
        return self._editor(form, None, found[1], found[2], chosen, settings)

    def _signed(self, kind: BoxKind, group: Group | None) -> str:
        me: Any = actor().user
        signature = db.session.scalar(select(Box.signature).where(
            Box.kind == kind, Box.group_id == group.id if group else Box.group_id.is_(None),
            Box.user_id == me.id if kind is BoxKind.PERSONAL else Box.user_id.is_(None)))
        return f"\n\n{signature}" if signature else ""

    @expose("/draft/", methods=("GET", "POST"))
    def edit(self) -> Any:
        """A draft, as it was typed."""
        post, by = self._draft(), actor()
        form = LetterForm(request.form if request.method == "POST" else None)
        press = request.form.get("press", "save")
        chosen, settings = Chosen.of(post.audience), {
            "kind": post.kind, "urgent": post.urgent, "sensitive": post.sensitive, "application": post.application_id,
            "folder": post.folder_id}
        if request.method == "GET":
            form.title.data, form.body.data, form.row_version.data = post.title, post.body, post.version
        elif press == "discard":
            with transaction():
                act.discard(post, by)
            flash(told("message.discarded"), "success")
            return redirect(self.get_url(".index_view", box="drafts"))
        else:
            chosen, settings = self._typed(post.box.kind, request.form)
            if form.validate() and self._kept(post, form, chosen, settings, press):
                return self._on(post.id, press)
            post = self._draft()
        return self._editor(form, post, post.box.kind, post.box.group, chosen, settings)

    def _kept(self, post: Post, form: Any, chosen: Chosen, settings: dict[str, Any], press: str) -> bool:
        by, version = actor(), form.row_version.data
        try:
            with transaction():
                check_fresh(post, version)
                act.save(post, by, title=form.title.data or "", body=form.body.data or "", chosen=chosen, **settings)
                if press.startswith("detach-"):
                    number = row_number(press.removeprefix("detach-"))
                    for file in [one for one in post.files if one.id == number]:
                        act.detach(post, by, file=file)
                for upload in sent_files():
                    act.attach(post, by, upload=upload)
                self._use_template(post)
                count_save(post, version)
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no, post), "error")
            if told_what_changed(no):
                form.row_version.data = post.version
            return False
        return True

    def _use_template(self, post: Post) -> None:
        """The text of a template before what has been typed; its title where there is none."""
        number = row_number(request.form.get("template", ""))
        if number is None:
            return
        template = db.session.scalar(select(Template).where(
            Template.id == number, or_(Template.box_id.is_(None), Template.box_id == post.box_id)))
        if template is not None:
            post.title = post.title or template.title
            post.body = f"{template.body}\n\n{post.body}".strip()

    def _on(self, id: int, press: str) -> Any:
        """Where a button of the editor leads."""
        if press == "check":
            return redirect(self.get_url(".check", id=id))
        if press == "save":
            flash(told("message.draft_kept"), "success")
        return redirect(self.get_url(".edit", id=id))

    def _draft(self) -> Post:
        post = self.post_or_404(request.args.get("id"))  # type: ignore[attr-defined]
        if post.status is not PostStatus.DRAFT:
            abort(404)
        return post  # type: ignore[no-any-return]

    def _typed(self, box: BoxKind, typed: Any) -> tuple[Chosen, dict[str, Any]]:
        """What was chosen beside the words."""

        def ids(name: str) -> tuple[int, ...]:
            return tuple(one for one in map(row_number, typed.getlist(name)) if one is not None)

        begun = request.method == "GET"
        application = row_number(typed.get("application", "").strip())
        people = ids("people")
        if application is not None:
            people = tuple(db.session.scalars(select(Application.guardian_id).where(
                Application.id == application, within(actor(), "application.view", Application))))
        chosen = Chosen(
            everybody=bool(typed.get("everybody")), areas=ids("areas"), units=ids("units"), groups=ids("groups"),
            children=ids("children"), people=people, present=begun or bool(typed.get("present")),
            starting=bool(typed.get("starting")), years=ids("years"),
            care=tuple(one for one in typed.getlist("care") if one in ("daycare", "preschool", "club")),
            shift_care=tuple(one for one in typed.getlist("shift_care") if one in SHIFTS),
            family_day_care=bool(typed.get("family_day_care")),
        )
        bulletin = box is BoxKind.MUNICIPAL or typed.get("kind") == PostKind.BULLETIN
        return chosen, {
            "kind": PostKind.BULLETIN if bulletin else PostKind.MESSAGE, "urgent": bool(typed.get("urgent")),
            "sensitive": bool(typed.get("sensitive")), "application": application,
            "folder": row_number(typed.get("folder", "")),
        }

    def _editor(self, form: Any, post: Post | None, kind: BoxKind, group: Group | None, chosen: Chosen,
                settings: dict[str, Any]) -> Any:
        id = post.box_id if post is not None else None
        templates = db.session.scalars(
            select(Template).where(or_(Template.box_id.is_(None), Template.box_id == id)).order_by(Template.name)
        ).all() if id else []
        return self.render(
            "office/message_edit.html", form=form, row=post, kind=kind.value, chosen=chosen, settings=settings,
            picks=picks(kind, group, chosen, actor(), settings["application"]), templates=templates,
            heading=post.title if post is not None and post.title else told("ui.message.new"),
            fact_line=told("message.in_the_name", who=self.writer_label(kind, group)),  # type: ignore[attr-defined]
            back=self.get_url(".index_view", box="drafts" if post else None), crumbs=self.crumbs,
            files=[(one.id, f"{one.name} ({size_of(one.size)})", self.get_url(".post_file", id=one.id))
                   for one in post.files] if post is not None else [],
            folders=self._folders(kind, group), most=act.policy().megabytes,
            failed=told(post.failed) if post is not None and post.failed else "",
            nothing=NOBODY,
        )

    def _folders(self, kind: BoxKind, group: Group | None) -> list[Folder]:
        """Those of the box: a conversation may lie in one from the beginning."""
        return list(db.session.scalars(select(Folder).join(Box).where(
            act.mine(actor()), Box.kind == kind, *([Box.group_id == group.id] if group is not None else []))
            .order_by(Folder.name)))

    # -- who gets it ------------------------------------------------------------------------------

    @expose("/check/", methods=("GET", "POST"))
    def check(self) -> Any:
        """Nobody sends before having seen who gets it; and what was seen is what is sent."""
        post, by = self._draft(), actor()
        form = WhenForm(request.form if request.method == "POST" else None)
        try:
            found = act.audience(post, by)
        except Refused as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no), "error")
            return redirect(self.get_url(".edit", id=post.id))
        if request.method == "POST" and form.validate():
            try:
                moment = self._moment(form)
                with transaction():
                    check_fresh(post, request.form.get("row_version"))  # another writer of the box may have changed it
                    act.submit(post, by, seen=request.form.get("seen", ""), send_at=moment)
            except (Refused, IntegrityError) as no:
                if isinstance(no, Denied):
                    raise
                flash(sentence(no), "warning")
                post = self._draft()
                found = act.audience(post, by)
            else:
                later = told("message.scheduled", at=moment) if moment else told("message.sent_may_undo")
                flash(later, "success")
                return redirect(self.get_url(".post_view", id=post.id))
        page = int(number) if (number := request.args.get("page", "0")).isdecimal() and len(number) < 6 else 0
        return self.render(
            "office/message_check.html", heading=told("message.check"), row=post, form=form, found=found,
            fact_line=post.title or told("message.untitled"), crumbs=self.crumbs,
            back=self.get_url(".edit", id=post.id), recipients=self._recipients(post, found, page),
            left_out=self._names(found.left_out), elsewhere=self._names(db.session.scalars(act.elsewhere(post, by))),
            page=page, pages=-(-found.count // PEOPLE),
            note=self._note(post, found),
        )

    def _note(self, post: Post, found: act.Audience) -> str:
        """Who will see whom."""
        if post.kind is PostKind.BULLETIN:
            return told("message.preview_all")
        return told("message.preview_note", threads=len(found.circles))

    def _moment(self, form: Any) -> datetime | None:
        """When it is to be sent; a day without a time means the morning."""
        if form.day.data is None:
            if form.clock.data is not None:
                raise Refused("message.send_day_missing")
            return None
        return datetime.combine(form.day.data, form.clock.data or time(8), HELSINKI)

    def _recipients(self, post: Post, found: act.Audience, page: int) -> list[dict[str, Any]]:
        """A page of recipients by name, about which children, and who will not get to read it easily."""
        about: dict[int, list[int]] = {}
        for circle in found.circles:
            for guardian in circle.guardians:
                about.setdefault(guardian, []).extend(circle.children)
        query = select(Person)
        query = query.where(Person.id.in_(act.people_query(post, actor())) if found.people else Person.id.in_(about))
        people = db.session.scalars(
            query.order_by(Person.sort_key, Person.id).limit(PEOPLE).offset(page * PEOPLE)).all()
        names = self._named([child for one in people for child in about.get(one.id, ())])
        users = set(db.session.scalars(
            select(User.person_id).where(User.person_id.in_([one.id for one in people]), User.active)))
        rows = []
        for one in people:
            badges = [] if one.email else [("warn", told("message.no_email"))]
            if one.id not in users:
                badges.append(("warn", told("message.no_login")))
            children = dict.fromkeys(about.get(one.id, ()))
            rows.append({"name": str(one), "badges": badges, "note": ", ".join(names[child] for child in children)})
        return rows

    def _named(self, ids: Any) -> dict[int, str]:
        return {one.id: str(one) for one in db.session.scalars(select(Person).where(Person.id.in_(set(ids))))}

    def _names(self, ids: Any) -> list[str]:
        return sorted(self._named(ids).values())
