"""The placement desk, the directors' list of proposals, how a percentage came to be, and the places."""

from evaka.views.placement.desk import PlacementDesk
from evaka.views.placement.occupancy import OccupancyPage
from evaka.views.placement.screens import PlacementScreen, ProposalScreen

__all__ = ["OccupancyPage", "PlacementDesk", "PlacementScreen", "ProposalScreen"]
