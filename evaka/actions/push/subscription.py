"""A guardian's browsers that have agreed to be told."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Select, func, select

from evaka import city
from evaka.access import Actor
from evaka.actions import action, tell
from evaka.actions.message.settings import check_self
from evaka.actions.push.sealed import told_keys
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import Person, hold
from evaka.models.push import PushSubscription
from evaka.rules.push import MOST_BROWSERS, PushPolicy, check_endpoint


def policy() -> PushPolicy:
    return city.value("city", "push", PushPolicy)


def browsers_of(person: Person) -> Select[PushSubscription]:
    return select(PushSubscription).where(PushSubscription.person_id == person.id).order_by(PushSubscription.id)


@action("push.subscribe")
def subscribe(
    person: Person, by: Actor, *, endpoint: str, public_key: str, shared_secret: str, browser: str
) -> PushSubscription:
    """A browser agrees.  One that another guardian has used before tells from now on only of this one's affairs."""
    check_self(person, by, "push.subscribe")
    tell(browser=browser)
    rules = policy()
    if not rules.enabled:
        raise Refused("push.off")
    check_endpoint(endpoint, rules)
    told_keys(public_key, shared_secret)
    hold([person.id])  # a second tap at the same moment is the same browser
    mark = sha256(endpoint.encode()).hexdigest()
    row = db.session.scalar(select(PushSubscription).where(PushSubscription.digest == mark))
    if row is None:
        held = db.session.scalar(select(func.count()).select_from(PushSubscription).where(
            PushSubscription.person_id == person.id))
        if (held or 0) >= MOST_BROWSERS:
            raise Refused("push.enough", most=MOST_BROWSERS)
        row = PushSubscription(digest=mark, endpoint=endpoint)
        db.session.add(row)
    row.person_id, row.browser, row.made_at = person.id, browser[:60], by.now
    row.public_key, row.shared_secret = public_key, shared_secret
    return row


@action("push.unsubscribe")
def unsubscribe(person: Person, by: Actor, *, subscription: int) -> None:
    """The browser is told nothing any more."""
    check_self(person, by, "push.unsubscribe")
    row = db.session.scalar(select(PushSubscription).where(
        PushSubscription.id == subscription, PushSubscription.person_id == person.id))
    if row is None:
        raise Refused("push.gone_already")
    db.session.delete(row)
