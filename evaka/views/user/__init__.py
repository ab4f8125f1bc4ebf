"""The door, one's own account, and the administrator's screens of users and roles."""

from flask import Flask

from evaka.actions.user import open_session
from evaka.views.user import account, door, forgotten, own_log_in, strong  # noqa: F401  their pages join the door's
from evaka.views.user.door import is_stale, touch, unfinished
from evaka.views.user.screens import GrantScreen, UserScreen, staff_of, told_password
from evaka.views.user.strong import ask_to_identify

__all__ = ["GrantScreen", "UserScreen", "ask_to_identify", "install", "is_stale", "open_session", "staff_of",
           "told_password", "touch", "unfinished"]


def install(app: Flask) -> None:
    strong.install(app)
    door.install(app)
