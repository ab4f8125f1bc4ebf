"""The door, one's own account, and the administrator's screens of users and roles."""

from evaka.actions.user import open_session
from evaka.views.user import account  # noqa: F401  its pages join the door's
from evaka.views.user.door import install, is_stale, touch, unfinished
from evaka.views.user.screens import GrantScreen, UserScreen, staff_of, told_password

__all__ = ["GrantScreen", "UserScreen", "install", "is_stale", "open_session", "staff_of", "told_password", "touch",
           "unfinished"]
