"""How long the city keeps what it knows of people, and what it must not remove earlier.

Law: Data Protection Regulation (EU) 2016/679, 5(1)(e); Accounting Act (1336/1997), chapter 2, 10 §; Act on Information
Management in Public Administration (906/2019), 17 § (log data).  The figures are the city's: retention.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from evaka.kit.dates import add_months

CARE_ENDED = "care_ended"  # the last day of the last place of the child, or of the last child of the household
# What law or the program itself keeps longer than a city may choose: years, and why.
AT_LEAST: Mapping[str, tuple[int, str]] = {
    "invoice": (6, "Kirjanpitolaki 1336/1997, 2 luku 10 §"),
    "invoice_row": (6, "Kirjanpitolaki 1336/1997, 2 luku 10 §"),
}
NEVER: Mapping[str, str] = {
    "audit_event": "Tiedonhallintalaki 906/2019, 17 §: the journal proves who has used what",
    "merged_person": "the journal of a merged person is found through it",
    "counter": "the series of numbers have no gaps",
}


@dataclass(frozen=True)
class Keep:
    """One table of retention.toml: which rows, counted from when, for how long, and by what rule.

    `table` names the kind of row, `of` its column that says whose it is (needed with "care_ended"), `anchor` is
    "care_ended" or a column with a day.  `together` are the tables that go with a row; whatever else still refers to
    it keeps it.  With `clear` the row stays and only those columns are emptied.  `having` names a column that must
    not be empty.
    """

    key: str
    name: Mapping[str, str]
    table: str
    anchor: str
    source: str
    years: int = 0
    months: int = 0
    of: str = ""
    full_years: bool = False  # counted from the end of the calendar year, as bookkeeping is
    together: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()
    having: str = ""

    def __post_init__(self) -> None:
        if self.years < 0 or self.months < 0 or self.years + self.months == 0:
            raise ValueError("it does not say how long", "Give years or months, at least one.")
        if not self.source.strip():
            raise ValueError("source is empty", "Name the section of law or the decision that the time comes from.")
        if self.anchor == CARE_ENDED and not self.of:
            raise ValueError("care_ended needs to know whose", 'Name the column, for example of = "child_id".')
        if self.clear and self.together:
            raise ValueError("clear and together exclude one another", "A row that stays takes nothing along.")
        if self.table in NEVER:
            raise ValueError(f"{self.table} is never removed ({NEVER[self.table]})", "Take the table away.")
        least, law = AT_LEAST.get(self.table, (0, ""))
        if self.years < least and not self.clear:
            raise ValueError(f"{self.years} years are less than the {least} of law ({law})", f"Give years = {least}.")
        if least and not self.full_years:
            raise ValueError(f"the years of {self.table} are counted from the end of the year ({law})",
                             "Write full_years = true.")

    def before(self, day: date) -> date:
        """On `day`, rows may go whose anchor lies before this."""
        if self.full_years:
            return date(day.year - self.years, 1, 1)
        return add_months(day, -(12 * self.years + self.months))
