"""The settings of fallbacks: what is refused at its field, what is in use, the audit log, the shell, races."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import audit
from accounts.models import workspaces
from imgapis.base.errors import ApiError
from tests import environment
from transforms.access import fallbacks, presets
from transforms.models import fallbacks as fallback_rows
from transforms.models import presets as preset_rows


def save(row, name: str = "empty", src: str = "shop/hat.png", status: str = "error"):
    return fallbacks.save(row.workspace_id, "system", name, src, status)


def defaults(row, own: str | None = None, **sources: str) -> None:
    fallbacks.change_defaults(row.workspace_id, "system", own, sources)


@pytest.mark.parametrize(
    ("name", "src", "status", "param"),
    [
        ("Empty", "shop/a.jpg", "error", "name"),
        ("none", "shop/a.jpg", "error", "name"),
        ("", "shop/a.jpg", "error", "name"),
        ("empty", "https://cdn.example/a.jpg", "error", "src"),
        ("empty", "nowhere/a.jpg", "error", "src"),
        ("empty", "shop", "error", "src"),
        ("empty", "shop/../a.jpg", "error", "src"),
        ("empty", "", "error", "src"),
        ("empty", "shop/a.jpg", "404", "status"),
    ],
)
def test_a_fallback_that_cannot_be_is_refused_at_its_field(workspace, name, src, status, param):
    with pytest.raises(fallbacks.InvalidFallback) as excinfo:
        save(workspace, name, src, status)
    assert excinfo.value.param == param


def test_a_workspace_has_so_many_fallbacks_and_no_more(workspace, monkeypatch):
    monkeypatch.setattr(fallbacks, "MOST_FALLBACKS", 1)
    save(workspace)
    save(workspace, src="shop/shoe.jpg")
    with pytest.raises(fallbacks.TooManyFallbacks):
        save(workspace, "other")
    assert fallbacks.delete(workspace.workspace_id, "system", "empty")
    assert not fallbacks.delete(workspace.workspace_id, "system", "empty")


def test_what_is_used_is_not_deleted(workspace):
    save(workspace)
    defaults(workspace, "empty", shop="empty")
    presets.save(workspace.workspace_id, "system", "card", "w=1&fallback=empty")
    with pytest.raises(fallbacks.FallbackInUse) as excinfo:
        fallbacks.delete(workspace.workspace_id, "system", "empty")
    assert all(text in excinfo.value.message for text in ("this workspace", "the source shop", "the preset card"))
    with pytest.raises(fallbacks.InvalidFallback):
        defaults(workspace, "other")
    with pytest.raises(fallbacks.InvalidFallback):
        defaults(workspace, nowhere="empty")
    defaults(workspace, "", shop="")
    presets.delete(workspace.workspace_id, "system", "card")
    assert fallbacks.delete(workspace.workspace_id, "system", "empty")


def test_what_becomes_of_fallbacks_stands_in_the_audit_log(workspace):
    save(workspace)
    defaults(workspace, "empty", shop="none")
    defaults(workspace, "empty")  # nothing new
    defaults(workspace, "")
    fallbacks.delete(workspace.workspace_id, "system", "empty")
    entries = audit.page(workspace.workspace_id).rows
    assert [(entry.act, entry.target) for entry in entries[:4]] == [
        ("fallback.deleted", "empty"),
        ("fallback.defaults", ""),
        ("fallback.defaults", ""),
        ("fallback.saved", "empty"),
    ]
    assert entries[2].after == {"workspace": "empty", "sources": {"shop": "none"}}
    assert entries[3].after == {"src": "shop/hat.png", "status": "error"}


def test_nothing_names_a_fallback_that_was_deleted_meanwhile(workspace):
    """Default, preset and deletion at once, by real threads: who comes second is told so."""
    workspace_id = workspace.workspace_id

    def attempt(act) -> None:
        with suppress(ApiError):
            act()

    with ThreadPoolExecutor(3) as threads:
        for number in range(environment.count(8, 40, 200)):
            name = f"none-{number}"
            save(workspace, name)
            acts = (
                lambda name=name: fallbacks.delete(workspace_id, "system", name),
                lambda name=name: defaults(workspace, name, shop=name),
                lambda name=name: presets.save(workspace_id, "system", "card", f"w=1&fallback={name}"),
            )
            list(threads.map(attempt, acts))
            names = [row.name for row in fallback_rows.of_workspace(workspace_id)]
            chosen = fallbacks.defaults(workspaces.find(workspace_id))
            in_presets = [row.values["fallback"] for row in preset_rows.of_workspace(workspace_id)]
            assert {chosen["workspace"], *chosen["sources"].values(), *in_presets} - {""} <= set(names)


def test_the_shell_saves_chooses_lists_and_deletes(workspace):
    def run(*words: str) -> str:
        output = StringIO()
        call_command("fallback", *words, stdout=output)
        return output.getvalue()

    name = workspace.namespace
    run("save", name, "empty", "shop/none.png", "--status", "200")
    run("default", name, "empty")
    text = run("default", name, "none", "--source", "shop")
    assert text == "empty: shop/none.png (status: 200)\nevery source: empty\nshop: none\n"
    deletions = [("delete", name, *names) for names in (("empty",), ("other",), ())]
    for words in (*deletions, ("list", "nobody-has-this-name")):
        with pytest.raises(CommandError):
            run(*words)
    run("default", name, "")
    assert run("delete", name, "empty") == "every source: none\nshop: none\n"
