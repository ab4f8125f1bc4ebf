"""The journal in words: what was done to which row, and when a job runs."""

from __future__ import annotations

import re
from typing import Any

from evaka.models.base import Model
from evaka.texts import knows
from evaka.views.page import told


def words(key: str) -> str:
    """The text of a key; of a key that an older version of the program has written, the key."""
    return told(key) if knows(key) else key


def subject_name(table: str, id: int | None) -> str:
    """“Päätös 12”."""
    key = f"journal.subject.{table}"
    return f"{told(key) if knows(key) else table} {id or ''}".strip() if table else ""


def input_name(action: str, name: str) -> str:
    key = f"{action}.{name}"
    return told(key) if knows(key) else name


def changed_name(what: str, column: str) -> str:
    """“Päätös 12: Alkaa”, of a change that the journal keeps as ("decision 12", "start")."""
    table, _, id = what.partition(" ")
    row = subject_name(table, int(id) if id.isdecimal() else None)
    if not column:
        return row
    models = {mapper.class_.__tablename__: mapper.class_ for mapper in Model.registry.mappers}
    key = f"{models[table].feature_name()}.{column}" if table in models else column
    return f"{row}: {told(key) if knows(key) else column}"


def when(fields: dict[str, Any]) -> str:
    """The times of a job in words; what is too particular for words as the crontab has it."""
    minute, hour, day, month, weekdays = (
        str(fields.get(name, default)) for name, default in
        (("minute", "0"), ("hour", "*"), ("day", "*"), ("month", "*"), ("day_of_week", "*")))
    if not fields.get("on", True):
        return told("journal.when.never")
    if hour == day == month == weekdays == "*":
        if minute == "*":
            return told("journal.when.each_minute")
        if minute.startswith("*/"):
            return told("journal.when.some_minutes", minutes=minute[2:])
        return told("journal.when.hourly", minute=minute)
    if hour.replace(",", "").isdecimal() and "," in hour and minute.isdecimal() and day == month == weekdays == "*":
        clocks = ", ".join(f"{int(one)}.{int(minute):02}" for one in hour.split(","))
        return told("journal.when.daily", clock=clocks)
    if month != "*" or not (minute + hour).isdecimal() or (day != "*" and weekdays != "*"):
        return f"{minute} {hour} {day} {month} {weekdays}"
    clock = f"{int(hour)}.{int(minute):02}"
    if day != "*":
        return told("journal.when.monthly", day=day, clock=clock)
    if weekdays != "*":
        named = re.sub("[a-z]{3}", lambda found: told(f"journal.weekday.{found[0]}"), weekdays)
        return told("journal.when.weekly", days=named.replace("-", "–").replace(",", ", "), clock=clock)
    return told("journal.when.daily", clock=clock)
