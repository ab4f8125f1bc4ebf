"""The first pages: what waits for the office, and what waits for a guardian."""

from __future__ import annotations

from typing import Any


from flask_admin import expose

from evaka.views.base import Home


class OfficeHome(Home):
    @expose("/")
    def index(self) -> Any:
        return self.render("office/home.html")


class MyHome(Home):
    @expose("/")
    def index(self) -> Any:
        return self.render("guardian/home.html")


