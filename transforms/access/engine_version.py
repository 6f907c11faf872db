"""The engine version of a workspace: which outputs are served as they are, and which are drawn again, for nothing."""

from typing import Any

from accounts import audit
from accounts.models import Workspace
from accounts.workspaces import workspaces
from imgapis.base.errors import ApiError
from transforms.engine import version


class InvalidEngineVersion(ApiError):
    """The version is not a newer one."""

    code = "invalid_engine_version"


def switch(row: Workspace, actor: str, wanted: int) -> None:
    """Serve no output of a version older than `wanted`, within five seconds on every server: each is drawn again when
    it is asked for, under the charge that is paid. Raises InvalidEngineVersion; there is no way back."""
    current = int(row.engine)
    if not current < wanted <= version.NEWEST:
        raise InvalidEngineVersion(
            f"This workspace is at version {current}, and the newest is {version.NEWEST}: a workspace moves to a newer"
            " version, and not back.",
            param="version",
        )
    values = {"engine": current}, {"engine": wanted}
    entry = audit.entry(row.workspace_id, actor, "engine.changed", "", *values)
    workspaces.change(row, entry, engine=wanted)


def facts(row: Workspace) -> dict[str, Any]:
    """The version of a workspace, the newest, and what each version between them draws otherwise."""
    current = int(row.engine)
    changes = [sentence for number in range(current + 1, version.NEWEST + 1) for sentence in version.CHANGES[number]]
    return {"version": current, "newest": version.NEWEST, "changes": changes}
