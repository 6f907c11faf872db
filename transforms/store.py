"""Queries and writes of named sources."""

from typing import Any

from imgapis.base import dynamo
from imgapis.base.errors import ApiError
from transforms.models import Source


class SourceExists(ApiError):
    """The workspace has a source of that name."""

    status = 409
    code = "source_exists"


def source(workspace_id: str, name: str) -> Source | None:
    """One named source."""
    return Source.find(workspace_id, name)


def sources(workspace_id: str) -> list[Source]:
    """Every named source of a workspace, by name."""
    return list(Source.query(workspace_id, consistent_read=True))


def add_source(transaction: dynamo.Transaction, row: Source) -> None:
    """Create a source in a transaction, where its name is free."""
    transaction.save(row, if_absent=True)


def change_source(row: Source, **values: Any) -> bool:
    """Change a source and raise its revision, so that no old picture is served for it; False where it is gone."""
    return row.update_if(Source.source_id == row.source_id, [Source.revision.add(1)], **values)


def delete_source(row: Source) -> None:
    """Delete a source; one created under its name meanwhile stays."""
    row.delete_if(Source.source_id == row.source_id)
