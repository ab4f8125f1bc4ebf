"""Letters between the office and the families: the office's boxes, a new letter, and the guardians' own pages."""

from evaka.views.message.cases import about_application, about_fees
from evaka.views.message.mine import MyMessages
from evaka.views.message.numbers import (
    newest_unread,
    unread,
    unread_mine,
    unread_of_groups,
    unread_of_guardian,
    writes_with_families,
    writes_with_groups,
)
from evaka.views.message.office import MessageScreen

__all__ = [
    "MessageScreen",
    "MyMessages",
    "about_application",
    "about_fees",
    "newest_unread",
    "unread",
    "unread_mine",
    "unread_of_groups",
    "unread_of_guardian",
    "writes_with_families",
    "writes_with_groups",
]
