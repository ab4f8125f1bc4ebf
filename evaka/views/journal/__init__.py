"""The journal: runs of the jobs, outgoing mail, who did and read what; of one file, and of one user."""

from evaka.views.journal.screens import AuditScreen, MailScreen, MailState, RunScreen, given_up, in_state
from evaka.views.journal.words import when

__all__ = ["AuditScreen", "MailScreen", "MailState", "RunScreen", "given_up", "in_state", "when"]
