"""A change that may be refused: done, or told to its user in a sentence, with what was typed still on the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import flash

from evaka.kit.errors import Denied
from evaka.models.base import Model, transaction
from evaka.views.base.rows import REFUSALS, sentence


@dataclass
class Attempt:
    """How a change went; known once its block has been left."""

    done: bool = False


@contextmanager
def attempt(row: Model | None = None, *, beside: Any = None) -> Iterator[Attempt]:
    """A transaction.  What refuses it is told above the page, or in the errors of the field `beside` it.

    `row` is whose newer version a refusal can name.  Who may not do it at all meets the page that says so: `Denied`
    goes on, as do faults of ours.
    """
    tried = Attempt()
    try:
        with transaction():
            yield tried
    except REFUSALS as no:
        if isinstance(no, Denied):
            raise
        if beside is None:
            flash(sentence(no, row), "error")
        else:
            beside.errors = [sentence(no, row)]
    else:
        tried.done = True
