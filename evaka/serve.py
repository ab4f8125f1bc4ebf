"""How the back office is served: gunicorn -c evaka/serve.py app:app

HOST and PORT say where, WEB_CONCURRENCY and WEB_THREADS how many processes and threads in each.  Every
process may run the jobs; they agree in the database on which one does.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
preload_app = False  # the threads of the jobs would not survive the fork
graceful_timeout = 30
control_socket_disable = True  # nobody steers the server from outside


def on_starting(server: Any) -> None:  # noqa: ARG001 - gunicorn names it
    """Say at once that another program listens there; gunicorn would try on for a while, in its own words."""
    host, _, port = bind.rpartition(":")
    with socket.socket() as probe:
        if "GUNICORN_FD" not in os.environ and probe.connect_ex((host, int(port))) == 0:
            raise SystemExit(f"Port {port} of {host} is in use.  Stop what serves there, or choose another: PORT=8001")


def post_worker_init(worker: Any) -> None:
    """The application stands: leave it out of garbage collection, and take a turn at the jobs.

    A page of a list makes some ten thousand objects that die with it: to look for dead ones every 700, and through all
    that lives every ten times that, was a tenth of the work and the longest pauses.
    """
    from evaka.jobs import start

    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    sys.setswitchinterval(0.001)  # a tap of two milliseconds waits behind a page for one, and not for five
    start(worker.wsgi)


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn names them
    """Put the jobs in hand back, so that another process goes on at once."""
    from evaka.jobs import stop

    if getattr(worker, "wsgi", None) is not None:
        stop(worker.wsgi)
