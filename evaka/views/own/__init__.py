"""Guardians' own pages: contacts, a page for each child, the calendar for other programs, the service as an icon."""

from evaka.views.own.child import MyChildren
from evaka.views.own.feed import MyFeed
from evaka.views.own.hub import MyOwn
from evaka.views.own.phone import OPEN, install

__all__ = ["OPEN", "MyChildren", "MyFeed", "MyOwn", "install"]
