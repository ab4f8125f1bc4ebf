"""Everything that a role may be allowed, and how it is said."""

from __future__ import annotations

from evaka import city
from evaka.actions import ACTIONS
from evaka.texts import knows
from evaka.views.page import option_name, told

CRUD = ("view", "create", "edit", "delete")
BESIDES = (  # what pages and columns ask for besides
    "office.view", "my.view", "search.view",
    "person.read", "person.health", "person.see_restricted", "person.see_readers",
    "person.conflicts", "person.retention", "message.original",
    "city.create", "city.edit", "city.simulate", "fee.calculate", "index_day.begin", "suggestion.begin",
    "sending.begin", "dispatch.make", "claim.bundle", "presence.arrive", "presence.leave", "presence.undo",
    "presence.read_card", "application.import", "forecast.view", "proof.view", "report.view", "user.set_log_in",
)


def permissions() -> set[str]:
    """The actions, what each list and its forms do, and what pages ask besides."""
    from evaka.views import GUARDIAN, MENU  # the menus stand on the screens, and so on this one

    found = {*ACTIONS, *BESIDES}
    for name, screen, model in MENU + GUARDIAN:
        if model is not None:
            feature = screen.feature or name
            can = {"view": True, "create": screen.can_create, "edit": screen.can_edit, "delete": screen.can_delete}
            found |= {f"{feature}.{verb}" for verb in CRUD if can[verb]}
    return found


def by_feature() -> list[tuple[str, list[str]]]:
    """(feature, keys), the features by their words; what is seen comes before what is done."""
    found: dict[str, list[str]] = {}
    for key in permissions():
        found.setdefault(key.partition(".")[0], []).append(key)
    order = {verb: n for n, verb in enumerate(CRUD)}
    for keys in found.values():
        keys.sort(key=lambda key: (order.get(key.partition(".")[2], len(order)), said(key).casefold()))
    return sorted(found.items(), key=lambda one: feature_name(one[0]).casefold())


def feature_name(feature: str) -> str:
    """A room of the house as people call it."""
    return told(f"feature.{feature}") if knows(f"feature.{feature}") else told(f"menu.{feature}")


def said(key: str) -> str:
    """What a key allows, in words."""
    if key.endswith(".*"):
        return told("rights.everything_of", feature=feature_name(key.removesuffix(".*")))
    if key == "*":
        return told("rights.everything")
    if knows(f"rights.{key}"):
        return told(f"rights.{key}")
    if knows(key):
        return told(key)
    verb = key.partition(".")[2]
    return told(f"rights.{verb}") if knows(f"rights.{verb}") else key


def roles() -> list[tuple[str, str]]:
    """(key, name) of the city's roles, in the order of its table."""
    return [(role, option_name("roles", role)) for role in city.read("roles")]


def table_title(file: str, table: str) -> str:
    """What a table of a file is about; a key that the city has made up stays as it is."""
    own = {"roles": f"role.{table}", "jobs": f"job.{table}"}.get(file, f"city.table.{file}.{table}")
    if knows(own):
        return told(own)
    held = city.read(file).get(table)
    return option_name(file, table) if isinstance(held, dict) else table
