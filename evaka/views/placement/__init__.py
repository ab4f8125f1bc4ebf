"""The placement desk, the directors' list of proposals, and the places that came of them."""

from evaka.views.placement.desk import PlacementDesk
from evaka.views.placement.screens import PlacementScreen, ProposalScreen

__all__ = ["PlacementDesk", "PlacementScreen", "ProposalScreen"]
