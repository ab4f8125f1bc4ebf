"""Papers: to whom, in which language and in whose name they are written, and how they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from evaka import city
from evaka.access import Actor
from evaka.kit import files
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.document import Document
from evaka.models.person import Person
from evaka.models.user import User
from evaka.rules.person import address_lines, full_name
from evaka.texts import say


@dataclass(frozen=True)
class Upload:
    """A file as it was sent: what its sender calls it, and its bytes."""

    name: str
    content: bytes


def kept_file(upload: Upload, by: Actor, *, megabytes: int, called: str) -> dict[str, Any]:
    """The columns of a file that is kept; refuses what is empty, too large, or neither PDF nor picture.

    What kind of file it is, its first bytes tell.  `called` is its name when its sender gave none.
    """
    media = files.media_type(upload.content)
    if not upload.content:
        raise Refused("document.paper_empty", name=upload.name)
    if media is None:
        raise Refused("document.paper_kind_wrong", name=upload.name)
    if len(upload.content) > megabytes * 1024 * 1024:
        raise Refused("document.paper_large", name=upload.name, most=megabytes)
    stem = upload.name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or upload.name or called
    return {
        "name": f"{stem[:150]}.{files.ending(media)}", "media": media, "size": len(upload.content),
        "digest": sha256(upload.content).hexdigest(), "added_at": by.now, "content": upload.content,
    }


@dataclass(frozen=True)
class PaperPolicy:
    """On which papers the city explains how each figure was reckoned."""

    explain_fees: bool = True
    explain_vouchers: bool = True
    explain_invoices: bool = True


def papers() -> PaperPolicy:
    return city.value("city", "papers", PaperPolicy)


def keep(person_id: int, feature: str, by: Actor, *, name: str, language: str, content: bytes) -> Document:
    """Store a paper as it was sent."""
    paper = Document(
        person_id=person_id, feature=feature, name=name, language=language, made_at=by.now,
        content=content, digest=sha256(content).hexdigest(),
    )
    db.session.add(paper)
    db.session.flush()
    return paper


def letter_language(person: Person) -> str:
    """The reader's language when the city writes it, else the city's first."""
    languages = city.read("city")["city"]["languages"]
    return person.language if person.language in languages else str(languages[0])


def name_of(person: Person) -> str:
    return full_name(person.first_name, person.last_name)


def recipient_of(person: Person, day: date, *, with_child: Person | None = None) -> tuple[str, ...]:
    """The address window; the name alone when the address of either must not be shown.

    A child's other guardians read the same letter, and the child lives where the recipient does.
    """
    restricted = person.restricted_on(day) or (with_child is not None and with_child.restricted_on(day))
    return (name_of(person), *address_lines(
        person.street, person.postal_code, person.post_office, restricted=restricted))


def bill_recipient_of(person: Person, day: date) -> tuple[str, ...]:
    """The address window of bills and fee decisions: the invoicing name and address where there are such.

    Whoever's address is restricted gets the name alone, whatever was entered: an invoicing address may well be that
    of the home.
    """
    name = person.invoice_name or name_of(person)
    if person.restricted_on(day):
        return (name,)
    own = address_lines(person.invoice_street, person.invoice_postal_code, person.invoice_post_office, restricted=False)
    return (name, *(own or address_lines(person.street, person.postal_code, person.post_office, restricted=False)))


def title_of(user: User | None, day: date, language: str) -> str:
    """In what office somebody decides: their first role that holds."""
    role = next((grant.role for grant in user.grants if day in grant.period), "") if user else ""
    return say(f"role.{role}", language) if role else ""
