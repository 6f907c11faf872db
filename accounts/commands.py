"""What management commands have in common: a workspace by its namespace, and refusals as errors of a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from accounts.models import Workspace, workspaces
from imgapis.base.errors import ApiError


def workspace_of(namespace: str) -> Workspace:
    """The workspace of a namespace. Raises CommandError."""
    row = workspaces.of_namespace(namespace)
    if row is None:
        raise CommandError(f"There is no workspace {namespace}.")
    return row


@contextmanager
def refusals_as_command_errors() -> Iterator[None]:
    """Raise an ApiError of the block as a CommandError of its sentence."""
    try:
        yield
    except ApiError as refusal:
        raise CommandError(refusal.message) from refusal
