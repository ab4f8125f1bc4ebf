"""The placement desk, the directors' list of proposals, how a percentage came to be, the places, what families ask."""

from evaka.views.placement.desk import PlacementDesk
from evaka.views.placement.mine import MyNeedChanges, MyPlacements, MyTerminations
from evaka.views.placement.notices import NeedChangeScreen, TerminationScreen
from evaka.views.placement.occupancy import OccupancyPage
from evaka.views.placement.screens import PlacementScreen, ProposalScreen

__all__ = [
    "MyNeedChanges", "MyPlacements", "MyTerminations", "NeedChangeScreen", "OccupancyPage", "PlacementDesk",
    "PlacementScreen", "ProposalScreen", "TerminationScreen",
]
