"""A family with a restricted address, with a row of every kind and strings that cannot be mistaken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import decision as decisions
from evaka.actions import ledger
from evaka.actions import message as messages
from evaka.actions.decision import dispatch
from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.base import db
from evaka.models.income.statement import IncomeStatement, StatementPaper
from evaka.models.message import PostFile, Thread
from evaka.models.person import Guardian, Person
from evaka.models.presence import Picture
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationStatus, AttachmentKind
from evaka.rules.decision import Channel as Way
from evaka.rules.decision import DecisionStatus
from evaka.rules.income.statement import PaperKind
from evaka.rules.ledger import Channel
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import PostKind
from evaka.rules.placement import PlanStatus
from tests import factories
from tests.views.test_permissions import Family, family

HOME = ("Salakuja", "99771", "Kätkölä", "63.77111", "Uusikätkö", "99772")  # with those before and after, and the point
REACH = ("045 777 4321", "0457774321", "salainen.osoite")  # telephone and e-mail
WHERE = ("Piilopaikka", "Piilotie", "Piilotapahtuma", "Piilosyy")  # units, groups, what happens there
NAMES = ("Kätketty",)  # that there is such a child at all


@dataclass
class Secret:
    """The family, its other guardians, and the users by what they are."""

    home: Family
    users: dict[str, Any]
    device: Any
    double: int  # the mother, entered once more
    pages: dict[str, int]  # the number that pages without a row of their screen ask for


def hidden_family(by: Callable[..., Actor]) -> Secret:
    machine = by()
    lived = {"street": "Salakuja 77", "postal_code": "99771", "post_office": "Kätkölä", "latitude": "63.77111",
             "longitude": "27.77111", "restricted": True, "phone": "045 777 4321", "last_name": "Kätketty"}
    where = {"name": "Piilopaikka", "street": "Piilotie 7", "phone": "045 999 8888"}
    home = family(by, home=lived | {"email": None}, place=where)
    home.guardian.email = "salainen.osoite@example.fi"
    child, unit = home.child, home.place.unit
    unit.features = list(factories.Feature)
    father = factories.guardian_of(child, first_name="Toinen")
    gone = factories.person(first_name="Estetty")
    factories.save(Guardian(child_id=child.id, guardian_id=gone.id, blocked=True, reason="Tuomio"))
    db.session.expire_all()
    application(child, unit, machine)
    group = home.place.groups[0].group
    box = factories.box(group)
    # both guardians were written to before the address was restricted
    factories.thread(box, [home.guardian, father, gone], [child], body="Piilotapahtuma perjantaina", at=machine.now)
    factories.closure(unit, date(2026, 6, 12), reason="Piilosyy")
    factories.save(factories.Event(unit_id=unit.id, start=date(2026, 6, 3), end=date(2026, 6, 3),
                                   title="Piilotapahtuma", kind=factories.EventKind.EVENT, made_at=machine.now))
    slot = factories.talk(unit)
    slot.event.title = "Piilotapahtuma keskustelu"
    elsewhere = factories.unit("Toinen päiväkoti")
    staff = factories.user("staff", unit, group, name="Hanna Hoitaja")
    factories.member(staff)
    users = {
        "guardian": home.rows[factories.User], "other guardian": factories.user("guardian", person=father),
        "blocked guardian": factories.user("guardian", person=gone),
        "staff": staff, "director": factories.user("director", unit),
        "director elsewhere": factories.user("director", elsewhere),
        **{role: factories.user(role) for role in ("finance", "service_worker", "admin")},
    }
    pages = papers(home, users["director"], by)
    files(by(users["finance"]))
    double = factories.person(born=home.guardian.born, first_name=home.guardian.first_name, **(lived | {"phone": None}))
    return Secret(home, users, factories.device(unit, group), double.id, pages)


def application(child: Person, unit: Unit, machine: Actor) -> None:
    """One on the way, with a coming address; and one whose decision has been sent by post and put into an envelope."""
    told = {"new_street": "Uusikätkö 1", "new_postal_code": "99772", "new_post_office": "Kätkölä",
            "moves_on": date(2026, 9, 1), "phone": "045 777 4321", "email": "salainen.osoite@example.fi"}
    factories.application(child, [unit], status=ApplicationStatus.SENT, **told)
    factories.application(child, [unit], **told)
    row = factories.application(child, [unit], status=ApplicationStatus.WAITING_CONFIRMATION, **told)
    factories.plan(row, status=PlanStatus.CONFIRMED)
    factories.decision(application=row, status=DecisionStatus.DRAFT, answer_due=None)
    decisions.print_decision(row, machine)
    dispatch.make(machine, channel=Way.POST, day=machine.today)


def papers(home: Family, director: Any, by: Callable[..., Actor]) -> dict[str, int]:
    """What the family and the unit have added to rows, and a letter that is being written; by page the number."""
    kept = {"name": "Piilopaikka.pdf", "media": "application/pdf", "size": 9, "digest": "0" * 64, "added_at": by().now,
            "content": b"%PDF-1.7 Piilopaikka"}
    asked = db.session.scalars(select(Application).where(Application.child_id == home.child.id).limit(1)).one()
    shown = factories.save(Attachment(application_id=asked.id, kind=AttachmentKind.OTHER, **kept))
    proved = factories.save(StatementPaper(
        statement_id=home.rows[IncomeStatement].id, kind=next(iter(PaperKind)), **kept))
    sent = factories.save(PostFile(post_id=home.rows[Thread].post_id, **kept))
    factories.save(Picture(child_id=home.child.id, mimetype="image/png", content=b"x", added=by().now))
    draft = messages.draft(factories.box(user=director), by(director), kind=PostKind.MESSAGE, title="Luonnos", body="x",
                           chosen=Chosen(groups=(home.place.groups[0].group_id,)))
    return {
        "application.paper": shown.id, "my_application.paper": shown.id, "statement.paper": proved.id,
        "my_statement.paper": proved.id, "message.file_view": sent.id, "my_message.file_view": sent.id,
        "message.post_file": sent.id, "message.edit": draft.id, "message.check": draft.id,
    }


def files(finance: Actor) -> None:
    """For the ledger and the operator: what waits, as it leaves the house."""
    for channel in (Channel.LEDGER, Channel.FINVOICE):
        ledger.hand_over(ledger.opened(channel, finance), finance)
