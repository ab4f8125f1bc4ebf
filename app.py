"""Serves the back office: `python app.py`, or gunicorn -c evaka/serve.py app:app."""

from __future__ import annotations

import os

from evaka import create_app
from evaka.jobs import start, stop

app = create_app()

if __name__ == "__main__":
    start(app)
    try:
        app.run(os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000")), threaded=True)
    finally:
        stop(app)
