"""The presets, fallbacks, purges and blocks of a workspace, cached by its revision: read again only when that has
changed."""

import threading
from dataclasses import dataclass

from cachetools import LRUCache

from transforms.models import Fallback
from transforms.models import blocks as block_rows
from transforms.models import fallbacks as fallback_rows
from transforms.models import presets as preset_rows
from transforms.models import purges as purge_rows
from transforms.tenant import block_index, purge_index
from transforms.tenant.block_index import BlockIndex
from transforms.tenant.purge_index import PurgeIndex

MOST_KNOWN = 5_000


@dataclass(frozen=True)
class WorkspaceRules:
    """`presets`: name → parameters as texts by long-lived name; `fallbacks`: name → row; `purges`, `blocks`: the
    indexes of the rules."""

    presets: dict[str, dict[str, str]]
    fallbacks: dict[str, Fallback]
    purges: PurgeIndex
    blocks: BlockIndex


EMPTY = WorkspaceRules({}, {}, purge_index.build([]), BlockIndex())
_known: LRUCache[str, tuple[int, WorkspaceRules]] = LRUCache(MOST_KNOWN)
_lock = threading.Lock()


def of(workspace_id: str, revision: int) -> WorkspaceRules:
    """The rules of a workspace. Every change raises the revision in its own transaction, so a revision once read never
    means older rules."""
    if not revision:
        return EMPTY
    with _lock:
        cached_revision, rules = _known.get(workspace_id, (0, EMPTY))
    if cached_revision != revision:
        presets = {row.name: row.values for row in preset_rows.of_workspace(workspace_id)}
        rules = WorkspaceRules(
            presets,
            {row.name: row for row in fallback_rows.of_workspace(workspace_id)},
            purge_index.build(purge_rows.of_workspace(workspace_id)),
            block_index.build(block_rows.of_workspace(workspace_id)),
        )
        with _lock:
            _known[workspace_id] = (revision, rules)
    return rules
