"""Areas, units, their groups and adults."""

from evaka.views.unit.areas import AreaScreen
from evaka.views.unit.groups import CaretakersScreen, GroupScreen
from evaka.views.unit.units import UnitScreen

__all__ = ["AreaScreen", "CaretakersScreen", "GroupScreen", "UnitScreen"]
