"""Tell the telephones that have agreed what the mails tell: that something waits, never what.

A notice is pushed once, when its mail may leave; whoever does without that kind of mail is not told either, nor who has
read it meanwhile.  A telephone that has taken its agreement back (404, 410) is forgotten.  What no service takes just
now is tried again for an hour.
"""

from __future__ import annotations

import http.client
import logging
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import Select, delete, false, or_, select, update
from sqlalchemy.orm import joinedload

from evaka import city
from evaka.access import Actor
from evaka.actions import record
from evaka.actions.message import notices
from evaka.actions.push import Keys, keys_in, policy, sealed
from evaka.jobs.job import Job
from evaka.jobs.journal import language_of, link_of, unwanted
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.connection import reading
from evaka.models.journal import Email
from evaka.models.person import Person
from evaka.models.push import PushSubscription
from evaka.rules.message.notices import Notice
from evaka.rules.push import check_endpoint, notice, origin
from evaka.texts import say

log = logging.getLogger(__name__)
PATIENCE = 10  # seconds for the answer of a push service
AGAIN = timedelta(hours=1)  # so long what no service took is tried again
BATCH = 50
GONE = (404, 410)


def waiting(by: Actor) -> Select[tuple[int]]:
    """The notices that no telephone of their reader has been told; none where the city has not turned this on."""
    query = (
        select(Email.id).where(
            Email.pushed_at.is_(None), Email.made_at >= by.now - AGAIN, Email.made_at <= by.now,
            or_(Email.sent_at.is_not(None), Email.next_try <= by.now, Email.error != ""),
            Email.person_id.in_(select(PushSubscription.person_id)))
        .order_by(Email.id))
    return query if policy().enabled else query.where(false())


def push(ids: list[int], by: Actor) -> dict[int, str]:
    """Tell of several; answers of which nobody could be told, and why.  No transaction is open while others answer."""
    with reading(), transaction():
        needless, kinds = unwanted(ids), notices()
        emails = {one.id: one for one in db.session.scalars(
            select(Email).where(Email.id.in_(ids), Email.pushed_at.is_(None)).options(joinedload(Email.person)))}
        phones: dict[int, list[PushSubscription]] = {}
        for row in db.session.scalars(select(PushSubscription).where(
                PushSubscription.person_id.in_([one.person_id for one in emails.values()]))):
            phones.setdefault(row.person_id, []).append(row)
        letters = {id: _letter(one, kinds) for id, one in emails.items() if one.person and id not in needless}
        targets = {id: [(row.id, row.endpoint, row.public_key, row.shared_secret)
                        for row in phones.get(emails[id].person_id or 0, [])] for id in letters}
    failed: dict[int, str] = {}
    gone: set[int] = set()
    silent: set[str] = set()  # services that are not waited for again in this run
    keys = keys_in(current_app.config["DATA"])
    _told([id for id in emails if id not in letters], by)
    for id, letter in letters.items():
        answers = []
        for target in targets[id]:
            host = urlsplit(target[1]).netloc
            answer = 410 if target[0] in gone else 0 if host in silent else _sent(keys, letter, target, by)
            if answer in GONE and target[0] not in gone:
                gone.add(target[0])
                with transaction():
                    _forget({target[0]}, by)
            if not answer:
                silent.add(host)
            answers.append(answer)
        if answers and not any(200 <= answer < 300 or answer in GONE for answer in answers):
            failed[id] = "push.error.refused" if any(answers) else "push.error.silent"
        else:
            _told([id], by)  # at once: whatever stops the run, no telephone rings twice for it
    return failed


def _told(ids: list[int], by: Actor) -> None:
    with transaction():
        db.session.execute(update(Email).where(Email.id.in_(ids)).values(pushed_at=by.now)
                           .execution_options(synchronize_session=False))


def _letter(email: Email, kinds: Mapping[str, Notice]) -> tuple[bytes, str]:
    """What is told of a notice, and its mark."""
    language = language_of(email.reader)
    chosen = city.read("city")["city"]
    facts = {"department": chosen["department"][language], "city": chosen["name"], "phone": chosen["phone"]}
    mark = sha256(f"{email.id} {email.made_at.isoformat()}".encode()).hexdigest()[:24]
    title = f"{chosen['name']}, {chosen['department'][language]}"
    return notice(title, say(f"email.{email.text}.subject", language, **facts), link_of(email, kinds), mark), mark


def _sent(keys: Keys, letter: tuple[bytes, str], target: tuple[int, str, str, str], by: Actor) -> int:
    """The service's answer; 0 when it gave none.  Nothing that it says sends us elsewhere."""
    _, endpoint, public_key, shared_secret = target
    message, mark = letter
    rules = policy()
    try:
        check_endpoint(endpoint, rules)  # the city may have struck a service out meanwhile
        content = sealed(message, public_key, shared_secret)
    except Refused:
        return 410
    where, host = urlsplit(endpoint), origin(endpoint)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.hostname or "", where.port, timeout=PATIENCE)
    try:
        connection.request("POST", where.path + (f"?{where.query}" if where.query else ""), content, {
            "Authorization": keys.token(host, city.read("city")["city"]["email"], by.now),
            "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream",
            "TTL": str(int(rules.kept.total_seconds())), "Topic": mark, "Urgency": "normal"})
        status = connection.getresponse().status
        if not 200 <= status < 300:
            log.warning("the push service %s answers %s", host, status)
        return status
    except (OSError, http.client.HTTPException) as no:
        log.warning("the push service %s does not answer: %s", host, type(no).__name__)
        return 0
    finally:
        connection.close()


def _forget(gone: set[int], by: Actor) -> None:
    """Telephones that do not want to be told any more."""
    rows = db.session.execute(select(PushSubscription.id, PushSubscription.browser, PushSubscription.person_id).where(
        PushSubscription.id.in_(gone))).all()
    db.session.execute(delete(PushSubscription).where(PushSubscription.id.in_(gone))
                       .execution_options(synchronize_session=False))
    for _, browser, person_id in rows:
        record("push.forgotten", db.session.get_one(Person, person_id), by, {"browser": browser})


PUSH = Job("push.send", waiting, push, batch=BATCH)
