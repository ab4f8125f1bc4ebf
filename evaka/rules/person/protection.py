"""What may be shown about somebody whose address is restricted (turvakielto), to whom, and on which paper.

Law: Act on the Population Information System (661/2009), 36 §: whoever got a restricted address for a task of its own
keeps it to those who need it for the task, and nobody learns it through the authority.  Act on the Openness of
Government Activities (621/1999), 11 § 2 (a party is not told what would endanger another) and 24 § 1 mom. 31 k.
(secret contact details and what tells where somebody stays).

Where a child is in care tells where its family lives, and when it is fetched tells more; so the unit of such a child
is kept like the address itself.

                             the home:        where the child   telephone,  when the
                             street, point    is: unit, group,  e-mail      child comes
                                              events, letters               and goes
lives with the child         –                shown             –           shown
another guardian             –                –                 –           –
blocked guardian             –                –                 –           –        nor that there is a child
applicant                    –                own application   –           –        and the decision on it
unit and group of the child  sign             shown             shown       shown
other units                  –                –                 –           –        nor that there is a child
finance, case workers        sign             shown             shown       shown
"person.see_restricted"      in the form of the person alone; opening it is a line in the journal
tablet                       –                shown             with a PIN  shown
bills, decisions, lists      name alone       decisions: shown  –           –
ledger, e-invoices, bank     office's or none –                 –           –
lists on a wall              sign             shown             sign        shown
journal, own data of others  sign             shown             sign        shown

`hides` says it of one guardian and one child; models/person (`kept_from`) says the same of many, in SQL, and the tests
compare the two.  What a guardian may still do of whom a place is kept, `OPEN` names: everything else that is reached
by being a child's guardian is closed, also what does not exist yet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from evaka.rules.person import same_address

# These tell nothing of where a child is, or have a narrower rule of their own (Decision.told_to); as in roles.toml.
OPEN = (
    "person.view", "application.*", "decision.*", "document.view",
)


# Columns that tell a home, of a person and of an application (the coming one): whose values no journal shows either.
HOME = ("street", "postal_code", "post_office")
POINT = ("latitude", "longitude")
INVOICE_HOME = ("invoice_street", "invoice_postal_code", "invoice_post_office")
COMING_HOME = ("new_street", "new_postal_code", "new_post_office")
TELLS_HOME = frozenset((*HOME, *INVOICE_HOME, *COMING_HOME, *POINT))


@dataclass(frozen=True, slots=True)
class Close:
    """Somebody close to a child: a guardian, a foster parent or the head of its household; or the child itself.

    `home` are the lines of the address as the register knows it, restricted or not; none when it is unknown.
    """

    id: int
    home: Sequence[str]
    restricted: bool = False
    foster: bool = False  # the child is placed in this home
    head: bool = False  # of the child's household


def hides(reader: Close, child: Close, others: Collection[Close]) -> bool:
    """Whether where a child is is kept from one of its guardians.

    It is while the address of the child, or of anybody else close to it, is restricted, unless the reader lives with
    the child.  That the register knows by the address.  Where it does not know it, or knows the new home of one of them
    only, the office does: the head of the household whose own address is restricted too.  To be the head alone is not
    enough: who has fled is the head of the other's household until somebody enters it.
    """
    if not any(one.restricted for one in (child, *others) if one.id != reader.id):
        return False
    return not (reader.foster or same_address(reader.home, child.home) or (reader.head and reader.restricted))


def is_open(key: str) -> bool:
    """Whether a guardian may do it also to a child of whom is kept from it where it is."""
    return any(fnmatchcase(key, pattern) for pattern in OPEN)
