"""The ways this office says no.  Anything else that is raised is a fault in the program."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A rule forbids this, and the user can do something about it.

    `key` names a sentence in config/*/texts/, `facts` fill its gaps:

        raise Refused("decision.start_outside_window", start=start, window=window)
    """

    status = 409

    def __init__(self, key: str, /, **facts: Any) -> None:
        super().__init__(key, facts)
        self.key = key
        self.facts = facts


class Denied(Refused):
    """This person may not do this."""

    status = 403


class Stale(Refused):
    """Somebody else saved the row while this form was open."""


class ConfigMistake(Exception):
    """A file under config/ cannot be used; the program does not start with it.

    The sentence is for the person who edits the file: it says where, what, and how to mend it.
    """

    def __init__(self, where: str, what: str, mend: str) -> None:
        super().__init__(f"{where}: {what}. {mend}")
