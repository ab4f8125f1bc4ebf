"""The service as an icon on a telephone: a manifest, a worker that keeps the look of the pages, a page without a net.

Only what is the same for everybody is kept on the telephone: style, fonts, icons, scripts, and one page that says that
there is no connection.  No page of anybody's own ever is.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, current_app, jsonify, render_template, request, url_for

from evaka import city
from evaka.texts import LANGUAGES, say
from evaka.views.own import feed
from evaka.views.page import known_url, language

OPEN = {"manifest", "worker", "offline", "calendar_feed"}  # to everybody
KEPT = ("office.css", "office.js", "icons.svg", "mark.svg", "phone/icon-192.png",
        "fonts/source-sans-3-latin-400-normal.woff2", "fonts/source-sans-3-latin-600-normal.woff2")
ICONS = (("phone/icon-192.png", "192x192", "any"), ("phone/icon-512.png", "512x512", "any"),
         ("phone/maskable-512.png", "512x512", "maskable"))


def install(app: Flask) -> None:
    feed.install(app)
    app.add_url_rule("/app.webmanifest", "manifest", manifest)
    app.add_url_rule("/worker.js", "worker", worker)
    app.add_url_rule("/offline", "offline", offline)


def manifest() -> Response:
    """What the telephone shows below the icon, and where it opens: in the reader's language."""
    chosen = city.read("city")["city"]
    asked = request.args.get("language", "")
    tongue = asked if asked in LANGUAGES else language()
    response = jsonify({
        "name": f"{chosen['name']}, {chosen['department'][tongue]}", "short_name": chosen["name"],
        "description": say("own.app_about", tongue), "lang": tongue, "dir": "ltr", "id": "/my/", "start_url": "/my/",
        "scope": "/", "display": "standalone", "background_color": "#ffffff", "theme_color": chosen["accent"],
        "icons": [{"src": known_url("static", filename=name), "sizes": sizes, "type": "image/png", "purpose": purpose}
                  for name, sizes, purpose in ICONS],
    })
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def worker() -> Response:
    """The script that keeps the look; another one as soon as one of the files that it keeps is another."""
    kept = [known_url("static", filename=name) for name in KEPT]
    script = render_template("worker.js", kept=[*kept, *(url_for("offline", language=one) for one in LANGUAGES)],
                             mark=_mark(), languages=LANGUAGES, icon=known_url("static", filename=ICONS[0][0]))
    response = Response(script, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _mark() -> str:
    """Of the files that are kept, and of the page that says that there is no net."""
    pages = "".join(_page(one) for one in LANGUAGES)
    return sha256(_files(current_app.static_folder or "") + pages.encode()).hexdigest()[:16]


@cache
def _files(folder: str) -> bytes:
    """Another release is another process."""
    return sha256(b"".join((Path(folder) / name).read_bytes() for name in KEPT)).digest()


def _page(tongue: str) -> str:
    return render_template("offline.html", tongue=tongue, title=say("own.offline", tongue),
                           text=say("own.offline_help", tongue), again=say("own.try_again", tongue))


def offline() -> Response:
    """Says that there is no connection, and what may be done; nothing of anybody's own."""
    asked = request.args.get("language", "")
    response = Response(_page(asked if asked in LANGUAGES else LANGUAGES[0]), mimetype="text/html")
    response.headers["Cache-Control"] = "no-cache"
    return response
