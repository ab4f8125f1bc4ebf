"""A screen shows one kind of row: who may see it, its columns, and a button per action.

A screen declares what is particular to it.  Everything else follows from the feature's name: permissions
(`fee.view`, `fee.edit`), labels (`fee.status`), buttons (`fee.send`), journal lines, words.
"""

from evaka.views.base.deeds import Button
from evaka.views.base.rows import BADGES, history, link, linked, look, row_number, sentence
from evaka.views.base.screen import Home, Page, Screen

__all__ = ["BADGES", "Button", "Home", "Page", "Screen", "history", "link", "linked", "look", "row_number", "sentence"]
