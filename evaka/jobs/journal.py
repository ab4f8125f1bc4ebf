"""Send the e-mail that waits: notices that something waits in the service, never what.  Seal the journal.

Should the machine die between handing a mail over and saving that it went, it goes twice: the cheaper of the
two mistakes.  Its Message-ID is the same both times, so a mail program may tell.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import Select, delete, false, func, literal, select
from sqlalchemy.orm import joinedload

from evaka import city
from evaka.access import Actor
from evaka.actions.journal import seal
from evaka.actions.message import notices, writer_name
from evaka.jobs.job import Job
from evaka.models.base import db, transaction
from evaka.models.connection import reading
from evaka.models.journal import AuditEvent, Email, JournalSeal, MailRefusal
from evaka.models.message import Box, Message, Post, Receipt
from evaka.models.message.box import message_policy
from evaka.models.person import Person
from evaka.models.user import LoginProof, User
from evaka.rules.message.notices import Notice, kind_of, page_of
from evaka.rules.user import ProofKind, link_token, mail_code
from evaka.texts import LANGUAGES, say

log = logging.getLogger(__name__)
# How long a mail waits after each failure; after one more it is given up.
WAITS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))
PATIENCE = 10  # seconds for each answer of the mail server
BATCH = 50  # mails in one conversation with it


@dataclass(frozen=True)
class Sender:
    """The office as a mail names it, in one language."""

    department: str
    city: str
    email: str
    phone: str
    service: str  # the address of the guardians' pages; "" when nobody has told it

    @classmethod
    def speaking(cls, language: str) -> Sender:
        chosen = city.read("city")["city"]
        return cls(chosen["department"][language], chosen["name"], chosen["email"], chosen["phone"],
                   current_app.config.get("BASE_URL", ""))


def letter(
    text: str, language: str, address: str, *, sender: Sender, number: int, made_at: datetime, now: datetime,
    link: str = "", about: Mapping[str, str] | None = None, told: Mapping[str, Any] | None = None,
) -> EmailMessage:
    """A notice as it leaves now.  Raises ValueError for an address that is none.

    `text` names its subject and body among the texts; `number` and `made_at` make the Message-ID.  `link` is the page
    it leads to, after a log-in; `about` says of a message who wrote it and, where the city allows, its subject; `told`
    are the facts of a mail that proves an address.
    """
    facts: dict[str, Any] = {"department": sender.department, "city": sender.city, "phone": sender.phone,
                             "made": made_at, **(told or {})}
    parts = [say(f"email.{text}.body", language, **facts)]
    if about:
        parts.append("\n".join(say(f"email.about_{name}", language, **{name: told}) for name, told in about.items()))
    if sender.service and not told:
        parts.append(say("email.link", language, link=sender.service.rstrip("/") + link if link else sender.service))
        if link and about:
            parts.append(say("email.settings", language))
    parts.append(say("email.signature", language, **facts))
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(f"{sender.department}, {sender.city}", addr_spec=sender.email)
    mail["To"] = Address(addr_spec=address.strip())
    mail["Subject"] = say(f"email.{text}.subject", language, **facts)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<notice.{number}.{made_at:%Y%m%d%H%M%S%f}@{sender.email.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # no holiday replies, please
    mail.set_content("\n\n".join(parts) + "\n", cte="quoted-printable")
    mail["Content-Language"] = language  # after the content, which would take it away
    return mail


def waiting(by: Actor) -> Select[tuple[int]]:
    """The notices whose time has come; none while no mail server is named, then they wait for one."""
    query = select(Email.id).where(Email.sent_at.is_(None), Email.next_try <= by.now).order_by(Email.id)
    return query if current_app.config.get("SMTP") else query.where(false())


def send(ids: list[int], by: Actor) -> dict[int, str]:
    """Send notices in one conversation with the mail server; answers which did not go, and why.

    Nobody waits for the database while the mail server makes us wait: each answer is saved by itself.
    """
    mails, failed = _written(ids, by)
    for id, why in failed.items():
        _note(id, why, by, hopeless=True)
    try:
        with _server() as server:
            for id, mail in mails.items():
                if (why := _handed_over(server, mail)) is not None:
                    failed[id] = why
                _note(id, why, by)
    except (OSError, smtplib.SMTPException) as no:  # it broke off: what was not noted did not go
        log.warning("the mail server does not answer: %s", no)
        for id in mails.keys() - failed.keys() - _sent(ids):
            failed[id] = type(no).__name__
            _note(id, _short(no), by)
    return failed


def _written(ids: list[int], by: Actor) -> tuple[dict[int, EmailMessage], dict[int, str]]:
    """The letters by id, and for those that cannot be written, why."""
    mails, failed = {}, {}
    with transaction():
        _drop_unwanted(ids)
    with reading(), transaction():
        query = select(Email).where(Email.id.in_(ids), Email.sent_at.is_(None), Email.next_try <= by.now)
        query = query.options(
            joinedload(Email.person), joinedload(Email.user), joinedload(Email.proof)).order_by(Email.id)
        posts, kinds = _posts(ids), notices()
        for email in db.session.scalars(query):
            reader = email.reader
            language = language_of(reader)
            address = email.address or reader.email
            if not address or (email.proof is not None and not email.proof.holds(by.now)):
                failed[email.id] = "journal.error.too_late" if address else "journal.error.no_address"
                continue
            try:
                mails[email.id] = letter(
                    email.text, language, address, sender=Sender.speaking(language),
                    number=email.id, made_at=email.made_at, now=by.now,
                    link=link_of(email, kinds),
                    about=_about(posts.get(email.message_id), language), told=_secret(email.proof),
                )
            except (ValueError, IndexError, MessageError):  # its several answers to a broken address
                failed[email.id] = "journal.error.bad_address"
    return mails, failed


def language_of(reader: Person | User) -> str:
    return reader.language if reader.language in LANGUAGES else LANGUAGES[0]


def link_of(email: Email, kinds: Mapping[str, Notice]) -> str:
    """The page that a notice leads to: its own, or that of its kind."""
    return email.link or (page_of(email.text, kinds) if email.person_id else "")


def unwanted(ids: list[int]) -> set[int]:
    """Notices of what has been read meanwhile, and those of a kind that the reader does without."""
    read = select(Email.id).join(Receipt, Receipt.message_id == Email.message_id).where(
        Email.id.in_(ids), Receipt.person_id == Email.person_id, Receipt.read_at.is_not(None))
    read_in_box = (
        select(Email.id).join(Receipt, Receipt.message_id == Email.message_id).join(Box, Box.id == Receipt.box_id)
        .where(Email.id.in_(ids), Box.user_id == Email.user_id, Receipt.read_at.is_not(None)))
    gone = {*db.session.scalars(read), *db.session.scalars(read_in_box)}
    kinds = notices()
    refused = set(db.session.execute(select(MailRefusal.person_id, MailRefusal.kind).where(
        MailRefusal.person_id.in_(select(Email.person_id).where(Email.id.in_(ids))))).tuples())
    if refused:
        found = db.session.execute(select(Email.id, Email.person_id, Email.text).where(Email.id.in_(ids)))
        gone |= {id for id, person_id, text in found if (person_id, kind_of(text, kinds)) in refused}
    return gone


def _drop_unwanted(ids: list[int]) -> None:
    """Nobody gets them."""
    if gone := unwanted(ids):
        db.session.execute(delete(Email).where(Email.id.in_(gone), Email.sent_at.is_(None))
                           .execution_options(synchronize_session=False))


def _posts(ids: list[int]) -> dict[int | None, Post]:
    """By message, the posts that the notices tell of."""
    found = db.session.execute(
        select(Message.id, Post).join(Email, Email.message_id == Message.id).join(Post, Post.id == Message.post_id)
        .where(Email.id.in_(ids)).options(joinedload(Post.box), joinedload(Post.person)))
    return dict(found.tuples().all())


def _about(post: Post | None, language: str) -> dict[str, str]:
    """Who has written, and the subject if the city wants it told and the matter is not sensitive; never the words."""
    if post is None:
        return {}
    about = {"writer": writer_name(post, language)}
    if message_policy().subject_in_mail and not post.sensitive:
        about["subject"] = post.title
    return about


def _secret(proof: LoginProof | None) -> dict[str, Any]:
    """What proves an address: a code or a link, which stand in the mail alone."""
    if proof is None:
        return {}
    key = str(current_app.secret_key)
    if proof.kind is ProofKind.EMAIL_CODE:
        return {"code": mail_code(key, proof.salt), "until": proof.until}
    page = f"{current_app.config.get('BASE_URL', '').rstrip('/')}/login/new-password/"
    return {"link": page + link_token(key, proof.id, proof.salt), "until": proof.until}


def _server() -> smtplib.SMTP:
    host, _, port = current_app.config["SMTP"].rpartition(":")
    return smtplib.SMTP(host or port, int(port) if host else 25, timeout=PATIENCE)


def _handed_over(server: smtplib.SMTP, mail: EmailMessage) -> str | None:
    """None when the server took the mail, else what it said; raises when it says nothing any more."""
    try:
        server.send_message(mail)
    except smtplib.SMTPServerDisconnected:
        raise
    except (smtplib.SMTPException, ValueError) as no:
        return _short(no)
    return None


def _short(no: Exception) -> str:
    return f"{type(no).__name__}: {no}"[:300]


def _note(id: int, why: str | None, by: Actor, *, hopeless: bool = False) -> None:
    """Save that a mail went, or when to try again."""
    with transaction():
        email = db.session.get_one(Email, id)
        if why is None:
            email.sent_at, email.next_try, email.error = by.now, None, ""
            return
        wait = WAITS[email.tries] if email.tries < len(WAITS) and not hopeless else None
        email.tries += 1
        email.error = why
        email.next_try = wait and by.now + wait


def _sent(ids: list[int]) -> set[int]:
    with reading(), transaction():
        return set(db.session.scalars(select(Email.id).where(Email.id.in_(ids), Email.sent_at.is_not(None))))


# -- seals ------------------------------------------------------------------------------------------


def unsealed(by: Actor) -> Select[tuple[int]]:
    """One item, when lines were written since the last seal."""
    last = select(func.coalesce(func.max(AuditEvent.id), 0)).scalar_subquery()
    sealed = select(func.coalesce(func.max(JournalSeal.through), 0)).scalar_subquery()
    return select(literal(1)).where(last > sealed)


def seal_day(_id: int, by: Actor) -> None:
    """A seal in the database, in the file of seals, and in what the server logs, so that copies leave the machine."""
    with transaction():
        seal(by)
    copy_seals()


def seals_file() -> Path:
    return Path(current_app.config["DATA"]) / "journal-seals.txt"


def copy_seals() -> None:
    """Write to the file and to the log what is not in the file yet."""
    file = seals_file()
    kept = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    last = int(kept[-1].split()[0]) if kept else 0
    with reading(), transaction():
        told = [str(one) for one in db.session.scalars(
            select(JournalSeal).where(JournalSeal.id > last).order_by(JournalSeal.id))]
    with file.open("a", encoding="utf-8") as out:
        for line in told:
            out.write(f"{line}\n")
            log.warning("seal of the journal: %s", line)  # loud enough to reach the server's log


SEND_EMAIL = Job("journal.send_email", waiting, send, batch=BATCH)
SEAL = Job("journal.seal", unsealed, seal_day)
