"""What the database itself refuses, under one name on both kinds: rows that share a time, changes of what is kept.

Written from one declaration on a model; `broken_rule` tells which rule refused a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event

if TYPE_CHECKING:
    from evaka.models.base import Model

EITHER = "|"  # between columns of one part of a rule: what stands in either of them


def keep_apart(model: type[Model], *key: str | tuple[str, ...], where: str | None = None) -> None:
    """No two rows with the same `key` (none: no two at all) share a day: the database itself refuses, under one name
    on both kinds.

    A tuple in `key` are columns of whole numbers in any of which the same one may stand: a person who is the first
    of one couple is not the second of another.  `where` is SQL with `{p}` before each column, for rows that do not
    count (cancelled ones).
    """
    table: sa.Table = model.__table__
    parts = [(one,) if isinstance(one, str) else one for one in key]
    name = "_".join(["ex", table.name, *(column for part in parts for column in part)])

    def value(column: str) -> str:
        """An empty column is a value like any other here: two grants of one role without a unit collide."""
        nothing = "''" if isinstance(table.c[column].type, sa.String) else "0"
        return f"COALESCE({{p}}{column}, {nothing})" if table.c[column].nullable else f"{{p}}{column}"

    same = tuple(EITHER.join(map(value, part)) for part in parts)
    table.info.setdefault("apart", {})[name] = (same, where)
    for dialect, (create, _drop) in apart_ddl(table.name, name, same, where).items():
        for statement in create:
            ddl = sa.DDL(statement.replace("%", "%%")).execute_if(dialect=dialect)
            event.listen(table, "after_create", ddl)


def apart_ddl(
    table: str, name: str, key: tuple[str, ...], where: str | None
) -> dict[str, tuple[list[str], list[str]]]:
    """By dialect, the statements that make and that drop a rule of `keep_apart`; migrations run them too."""
    same = " AND ".join(_same(one) for one in key) or "TRUE"
    counts = f" AND ({where.format(p='p.')}) AND ({where.format(p='NEW.')})" if where else ""
    body = (
        f"SELECT RAISE(ABORT, '{name}') FROM \"{table}\" p WHERE {same} AND p.id <> NEW.id "
        "AND p.start_date <= COALESCE(NEW.end_date, '9999-12-31') "
        f"AND COALESCE(p.end_date, '9999-12-31') >= NEW.start_date{counts} LIMIT 1;"
    )
    keys = "".join(f"{_compared(one)}, " for one in key)
    only = f" WHERE ({where.format(p='')})" if where else ""
    return _rule(table, name, body, f"({keys}daterange(start_date, end_date, '[]') WITH &&){only}")


def _rule(table: str, name: str, body: str, excluded: str) -> dict[str, tuple[list[str], list[str]]]:
    """What makes and what drops a rule: `body` is of SQLite's triggers, `excluded` of PostgreSQL's constraint."""
    return {
        "sqlite": (
            [f'CREATE TRIGGER {name}_{verb[:3].lower()} AFTER {verb} ON "{table}" BEGIN {body} END'
             for verb in ("INSERT", "UPDATE")],
            [f"DROP TRIGGER IF EXISTS {name}_{verb}" for verb in ("ins", "upd")],
        ),
        "postgresql": (
            ["CREATE EXTENSION IF NOT EXISTS btree_gist",
             f'ALTER TABLE "{table}" ADD CONSTRAINT {name} EXCLUDE USING gist {excluded}'],
            [f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS {name}'],
        ),
    }


def _same(part: str) -> str:
    """Whether a row `p` and the new one agree in a part of a rule, for a trigger."""
    columns = part.split(EITHER)
    pairs = [f"{one.format(p='p.')} = {other.format(p='NEW.')}" for one in columns for other in columns]
    return pairs[0] if len(pairs) == 1 else f"({' OR '.join(pairs)})"


def _compared(part: str) -> str:
    """A part of a rule for an exclusion constraint; several columns are a set of numbers, and sets may meet."""
    columns = [one.format(p="") for one in part.split(EITHER)]
    if len(columns) == 1:
        return f"({_unsought(columns[0])}) WITH ="
    alone = ", ".join(f"int4range({one}, {one}, '[]')" for one in columns)
    return f"(int4multirange({alone})) WITH &&"


def _unsought(column: str) -> str:
    """A reference for an exclusion constraint, in words that no question uses.

    PostgreSQL takes the constraint's own index for as good as the plain one of the column, and often for better; to
    find a row by it takes ten times as long.
    """
    return f"{column} + 0" if column.isidentifier() and column.endswith("_id") else column


def keep_spans_apart(model: type[Model], key: str, start: str, end: str, *, day: str | None = None) -> None:
    """No two rows with the same `key` share a minute: what ends at 9.00 does not meet what begins then.

    `start` and `end` are columns: times of day of the column `day`, or without it moments; an empty end is open.
    Refused by the database under one name on both kinds, as by `keep_apart`.
    """
    table: sa.Table = model.__table__
    name = f"ex_{table.name}_{key}"
    table.info["spans"] = {name: (key, start, end, day)}
    for dialect, (create, _drop) in spans_ddl(table.name, name, key, start, end, day).items():
        for statement in create:
            event.listen(table, "after_create", sa.DDL(statement).execute_if(dialect=dialect))


def spans_ddl(
    table: str, name: str, key: str, start: str, end: str, day: str | None
) -> dict[str, tuple[list[str], list[str]]]:
    """By dialect, the statements that make and that drop a rule of `keep_spans_apart`; migrations run them too."""
    same = f"p.{key} = NEW.{key}" + (f" AND p.{day} = NEW.{day}" if day else "")
    last = "'24'" if day else "'9999'"
    body = (
        f"SELECT RAISE(ABORT, '{name}') FROM \"{table}\" p WHERE {same} AND p.id <> NEW.id "
        f"AND p.\"{start}\" < COALESCE(NEW.\"{end}\", {last}) "
        f"AND COALESCE(p.\"{end}\", {last}) > NEW.\"{start}\" LIMIT 1;"
    )
    span = (f'tsrange("{day}" + "{start}", COALESCE("{day}" + "{end}", "{day}" + INTERVAL \'1 day\'))' if day
            else f'tstzrange("{start}", "{end}")')
    return _rule(table, name, body, f"(({_unsought(key)}) WITH =, {span} WITH &&)")


def keep_forever(model: type[Model]) -> None:
    """A row of `model` is written once: the database itself refuses to change it or to take it away."""
    table: sa.Table = model.__table__
    table.info["kept"] = True
    for dialect, (create, _drop) in kept_ddl(table.name).items():
        for statement in create:
            event.listen(table, "after_create", sa.DDL(statement).execute_if(dialect=dialect))


def kept_ddl(table: str) -> dict[str, tuple[list[str], list[str]]]:
    """By dialect, the statements that make and that drop the rule of `keep_forever`; migrations run them too."""
    name = f"kept_{table}"
    return {
        "sqlite": (
            [f"CREATE TRIGGER {name}_{verb[:3].lower()} BEFORE {verb} ON \"{table}\" "
             f"BEGIN SELECT RAISE(ABORT, '{name}'); END" for verb in ("UPDATE", "DELETE")],
            [f"DROP TRIGGER IF EXISTS {name}_{verb}" for verb in ("upd", "del")],
        ),
        "postgresql": (
            [f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             f"RAISE EXCEPTION USING MESSAGE = '{name}', ERRCODE = 'restrict_violation', CONSTRAINT = '{name}'; END $$",
             f'CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}" '
             f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"],
            [f'DROP TRIGGER IF EXISTS {name} ON "{table}"'],
        ),
    }


def broken_rule(error: sa.exc.IntegrityError) -> str:
    """The name of the constraint that refused a row, the same on both databases.

    "" for a broken reference and for a column that may not be empty: SQLite names neither.  It names the columns of
    a broken unique rule; the naming convention turns them into the name.
    """
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return "" if diagnosis.sqlstate == "23503" else str(diagnosis.constraint_name or "")
    text = str(error.orig)
    kind, failed, what = text.partition(" constraint failed")
    what = what.removeprefix(": ").strip()
    match kind:
        case "UNIQUE" if what.startswith("index "):
            return what.removeprefix("index ").strip("'")
        case "UNIQUE":
            columns = [column.split(".") for column in what.split(", ")]
            return f"uq_{columns[0][0]}_{'_'.join(column[1] for column in columns)}"
        case "CHECK":
            return what
    return "" if failed else text.strip()
