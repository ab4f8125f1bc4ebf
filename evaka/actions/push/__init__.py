"""Telling telephones: a guardian's browser agrees, and is forgotten again."""

from __future__ import annotations

from evaka.actions.push.keys import Keys, keys_in
from evaka.actions.push.sealed import sealed, told_keys
from evaka.actions.push.subscription import browsers_of, policy, subscribe, unsubscribe

__all__ = ["Keys", "browsers_of", "keys_in", "policy", "sealed", "subscribe", "told_keys", "unsubscribe"]
