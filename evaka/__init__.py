"""The back office of early childhood education."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme
from flask_babel import Babel
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from evaka import cases, city, cli
from evaka.jobs import JOBS
from evaka.models.base import db
from evaka.views import GUARDIAN, MENU, shell
from evaka.views.base.request import READ, Cookies, Patient
from evaka.views.home import OfficeHome
from evaka.views.home.mine import MyHome
from evaka.views.page import language
from evaka.views.user.provider import settings_of

ROOT = Path(__file__).parent.parent


def settings_from_environment() -> dict[str, Any]:
    """EVAKA_DATA is the folder of database, files and keys; EVAKA_DATABASE_URL may name a PostgreSQL instead."""
    folder = Path(os.environ.get("EVAKA_DATA", ROOT / "data"))
    os.umask(0o077)  # database, papers and backups are for the program alone
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "DATA": folder,
        "CITY": os.environ.get("EVAKA_CITY", "harjula"),
        "SECRET_KEY": _secret(folder / "secret.key"),
        "SQLALCHEMY_DATABASE_URI": os.environ.get("EVAKA_DATABASE_URL", f"sqlite:///{folder / 'evaka.sqlite'}"),
        # behind a TLS proxy (the way to operate it) cookies travel over TLS only; `make run` serves plain HTTP
        "SESSION_COOKIE_SECURE": os.environ.get("EVAKA_HTTP") != "1",
        "PROXY": os.environ.get("EVAKA_HTTP") != "1",
        "SMTP": os.environ.get("EVAKA_SMTP", ""),  # host:port of the city's mail relay
        "BASE_URL": os.environ.get("EVAKA_URL", ""),  # the address that mails point to
        "OIDC": settings_of(os.environ, folder),  # the city's provider of strong identification
        # a command must work while a figure is wrong: check-city tells what it is, backup keeps what there is
        "CHECK_CASES": os.environ.get("FLASK_RUN_FROM_CLI") != "true",
    }


def _secret(file: Path) -> str:
    """The key that signs sessions, made once; nobody else on the machine may read it."""
    if not file.exists():
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_hex(32))
    return file.read_text()


def create_app(**settings: Any) -> Flask:
    """The whole application; `settings` replace those of the environment (tests give their own)."""
    app = Flask(__name__, template_folder="../templates")
    app.request_class, app.session_interface = Patient, Cookies()
    app.config.from_mapping(
        SESSION_COOKIE_NAME="evaka",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        MAX_CONTENT_LENGTH=READ,
        WTF_CSRF_TIME_LIMIT=None,  # bound to the session: a form left open over lunch still saves
        WTF_CSRF_SSL_STRICT=False,  # the proxy ends TLS
        # a fault that is logged tells the SQL, but not the identity codes that stood in it
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
    )
    app.config.from_mapping(settings or settings_from_environment())
    city.choose(app.config.get("CITY", "base"))
    if app.config.get("CHECK_CASES"):
        cases.check()
    if app.config.get("PROXY"):
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    db.init_app(app)
    Migrate(app, db, directory=str(Path(__file__).parent / "models" / "migrations"), render_as_batch=True)
    Babel(app, default_locale="fi", locale_selector=language)
    CSRFProtect(app)
    shell.install(app)
    cli.install(app)
    app.extensions["questions"] = {name: job.todo for name, job in JOBS.items()}  # pages and jobs are strangers
    office = Admin(app, name="office", theme=Bootstrap4Theme(), index_view=OfficeHome(url="/office", endpoint="office"))
    for feature, screen, model in MENU:
        office.add_view(screen(model, feature) if model else screen(feature))
    mine = Admin(app, name="my", theme=Bootstrap4Theme(), index_view=MyHome(url="/my", endpoint="my"))
    for feature, screen, model in GUARDIAN:
        mine.add_view(
            screen(model, feature, prefix="my_", base="/my") if model else screen(feature, prefix="my_", base="/my")
        )
    return app
