"""Days, money, refusals, workflows and codes: what every floor stands on, from the standard library only."""
