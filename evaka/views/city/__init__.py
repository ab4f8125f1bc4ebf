"""The city as its own staff edits it: its tables with their versions, the rights of its roles, and a look at them."""

from evaka.views.city.rights import Rights
from evaka.views.city.tables import CityTables
from evaka.views.city.versions import CityVersionScreen, open_changes
from evaka.views.city.words import permissions

__all__ = ["CityTables", "CityVersionScreen", "Rights", "open_changes", "permissions"]
