"""Both contenders are served alike: gunicorn -c bench/served.py, as evaka/serve.py does it, without the jobs."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

bind = f"127.0.0.1:{os.environ['PORT']}"
worker_class = "gthread"
workers = 2
threads = 4
loglevel = "error"
control_socket_disable = True
accesslog = os.environ.get("BENCH_LOG")  # where the server writes how long each answer took it, in microseconds
access_log_format = "%(U)s %(D)s"


def post_worker_init(_worker: Any) -> None:
    """What stands once the application has been made is left out of garbage collection, dead objects are looked for
    as seldom and threads take turns as often as in operation, for both."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    sys.setswitchinterval(0.001)
