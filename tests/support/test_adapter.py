"""Django's stock admin over a table: the options of a ModelAdmin that docs/admin.md says are supported, one by one."""

import re
import sys
import types

import pytest
from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.messages.storage.session import SessionStorage
from django.contrib.sessions.backends.base import SessionBase
from django.http import Http404
from django.test import RequestFactory
from django.urls import path

from accounts.models import User, Workspace
from accounts.rows.staff import Staff
from imgapis.base import mirrors, rowset
from imgapis.base.cursors import InvalidCursor
from imgapis.base.errors import Refusal
from imgapis.base.mirrors import mirror
from imgapis.base.row_admin import Overtaken, RowAdmin
from imgapis.base.rowset import NotSupported, RowSet
from transforms.models import Domain, Preset, Source

WORKSPACE = "ws_adapter"
DOMAINS = mirror(
    Domain, "transforms", name="tried domain", moments=("created",),
    choices={"state": [("active", "Active"), ("failing", "Failing")]},
)  # fmt: skip
PRESETS = mirror(Preset, "transforms", name="tried preset", moments=("saved",))


class Open(AdminSite):
    """A site that lets everybody in and keeps what is recorded."""

    def __init__(self):
        super().__init__("admin")
        self.recorded = []

    def has_permission(self, request) -> bool:
        return True

    def allows(self, request, right: str) -> bool:
        return right != "closed"

    def get_urls(self):
        return [path("find/", lambda request: None, name="support-find"), *super().get_urls()]

    def record(self, request, obj, *what) -> None:
        self.recorded.append(what)

    def history(self, obj) -> list[dict]:
        return [{"time": "then", "actor": "staff:x", "said": "did it", "reason": f"for {obj}"}]


class Tried(RowAdmin):
    """Every option at once."""

    right = "open"
    list_display = ("domain", "shouted", "state", "proven")
    list_display_links = ("domain",)
    list_filter = ("state", "proven")
    list_per_page = 10
    search_fields = ("domain", "workspace_id", "reason")
    search_help_text = "A domain, or its workspace"
    readonly_fields = ("shouted",)
    fieldsets = ((None, {"fields": ("domain", "shouted")}), ("State", {"fields": ("state", "reason", "proven")}))
    writable = ("reason",)
    actions = ("note",)
    ordering = ()
    empty_value_display = "nothing"

    @admin.display(description="Shouted")
    def shouted(self, obj) -> str:
        """A column of the admin's own."""
        return obj.domain.upper()

    @admin.action(description="Note them")
    def note(self, request, queryset) -> None:
        """Say which were chosen."""
        messages.success(request, "noted " + ", ".join(sorted(each.domain for each in queryset)))

    def get_form(self, request, obj=None, change=False, **kwargs):
        """A form with a rule of its own."""
        form = super().get_form(request, obj, change, **kwargs)

        class Ruled(form):
            def clean_reason(self):
                if "bad" in self.cleaned_data["reason"]:
                    raise forms.ValidationError("No bad reasons.")
                return self.cleaned_data["reason"]

        return Ruled


@pytest.fixture(scope="module")
def rows(dynamodb) -> None:
    """Twenty-five domains of one workspace, and a few presets."""
    with Domain.batch_write() as write:
        for number in range(25):
            state = "failing" if number % 5 == 0 else "active"
            write.save(
                Domain(
                    f"d{number:02d}.adapter.example", claim_id="c", workspace_id=WORKSPACE, txt_token="t", state=state,
                    reason=f"reason {number}", proven=number % 2 == 0, created=1_700_000_000, due=1,
                )
            )  # fmt: skip
    with Preset.batch_write() as write:
        for number in range(25):
            write.save(Preset(WORKSPACE, f"p{number:02d}", values={"w": "9"}, saved=number + 1))


@pytest.fixture
def site() -> Open:
    return Open()


@pytest.fixture
def addresses(settings, monkeypatch):
    """Puts a site's pages at /admin/ for the test."""

    def put(made: Open) -> None:
        module = types.ModuleType("tried_urls")
        module.urlpatterns = [path("admin/", made.urls)]
        monkeypatch.setitem(sys.modules, "tried_urls", module)
        settings.ROOT_URLCONF = "tried_urls"

    return put


@pytest.fixture
def tried(site, rows, addresses) -> Tried:
    site.register(DOMAINS, Tried)
    addresses(site)
    return site._registry[DOMAINS]


class Session(SessionBase):
    """A session of a test: in memory."""

    def save(self, must_create: bool = False) -> None:
        """Nothing is kept."""


def asked(at: str = "/", data: dict | None = None, method: str = "get"):
    """A request as a middleware would hand it on."""
    request = getattr(RequestFactory(), method)(at, data or {})
    request.user, request.session = User(person_id="p_tester", email="t@example.com"), Session()
    request._dont_enforce_csrf_checks = True
    request._messages = SessionStorage(request)
    return request


def changelist(admin_of, **data):
    """The change list a page would show."""
    return admin_of.get_changelist_instance(asked(data=data))


def names(listed) -> list[str]:
    return [row.domain for row in listed.result_list]


def test_list_display_shows_columns_of_the_row_and_of_the_admin(tried):
    response = tried.changelist_view(asked(data={"workspace_id": WORKSPACE}))
    page = str(response.context_data["cl"].result_list)
    assert response.status_code == 200 and "adapter.example" in page
    assert tried.get_list_display(asked()) == Tried.list_display


@pytest.mark.parametrize(
    ("data", "way", "found"),
    [
        ({"workspace_id": WORKSPACE}, "index", 10),
        ({"workspace_id": WORKSPACE, "state__exact": "failing"}, "index", 5),
        ({"workspace_id": WORKSPACE, "proven__exact": "1", "state__exact": "failing"}, "index", 3),
        ({"q": "d07.adapter.example"}, "key", 1),
        ({"q": WORKSPACE}, "index", 10),
        ({"q": "reason 2"}, "scan", 6),
        ({"q": "nothing like it"}, "scan", 0),
        ({"domain": "d03.adapter.example", "state": "failing"}, "key", 0),
    ],
)  # fmt: skip
def test_filters_and_searches_become_keys_and_indexes_where_there_are_any(data, way, found, tried):
    """list_filter, search_fields"""
    listed = changelist(tried, **data)
    assert listed.queryset.way == way and listed.is_scan is (way == "scan")
    assert len(listed.result_list) == found


def test_a_list_is_paged_by_cursor_and_nothing_is_counted(tried):
    """list_per_page"""
    seen, cursor, pages = [], {}, 0
    while True:
        listed = changelist(tried, workspace_id=WORKSPACE, **cursor)
        seen += names(listed)
        pages += 1
        if not listed.next_link:
            break
        cursor = {"after": listed.piece.cursor}
    assert pages == 3 and len(seen) == len(set(seen)) == 25
    assert listed.full_result_count == listed.result_count and listed.first_link


def test_a_cursor_of_another_list_is_refused(tried):
    cursor = changelist(tried, workspace_id=WORKSPACE).piece.cursor
    with pytest.raises(InvalidCursor):
        changelist(tried, workspace_id=WORKSPACE, state__exact="active", after=cursor)


def test_a_list_that_only_a_scan_serves_says_so_and_stops_in_time(tried, monkeypatch):
    monkeypatch.setattr(rowset, "SCAN_SECONDS", 0.0)
    monkeypatch.setattr(rowset, "PIECE", 3)
    response = tried.changelist_view(asked(data={"q": "reason 2"}))
    response.render()
    assert b"No key or index serves this list" in response.content and b"The time was up" in response.content


def test_ordering_follows_the_second_half_of_the_key(site, rows):
    """ordering"""

    class Newest(RowAdmin):
        right, ordering, list_display = "open", ("-name",), ("name",)

    site.register(PRESETS, Newest)
    listed = changelist(site._registry[PRESETS], workspace_id=WORKSPACE)
    found = [row.name for row in listed.result_list]
    assert found == sorted(found, reverse=True) and found[0] == "p24"


def test_actions_get_the_rows_that_were_ticked(tried):
    """actions"""
    chosen = ["d01.adapter.example", "d02.adapter.example"]
    request = asked("/?workspace_id=" + WORKSPACE, {"action": "note", "_selected_action": chosen, "index": 0}, "post")
    assert tried.changelist_view(request).status_code == 302
    assert [str(message) for message in request._messages] == ["noted " + ", ".join(chosen)]
    assert "delete_selected" not in tried.get_actions(request) or not tried.has_delete_permission(request)


def test_a_form_shows_fieldsets_and_holds_only_what_is_writable(tried):
    """fieldsets, readonly_fields, get_form"""
    response = tried.changeform_view(asked(), "d01.adapter.example")
    response.render()
    text = response.content.decode()
    assert "D01.ADAPTER.EXAMPLE" in text and "State" in text
    assert re.findall(r'<(?:input|textarea)[^>]* name="(?!csrf|_|q")(\w+)"', text) == ["reason"]
    assert "why it is in that state" in text  # the declaration of the attribute is its help


def test_saving_writes_what_was_changed_by_condition_and_records_it(tried, site):
    request = asked("/", {"reason": "told by support", "state": "hacked"}, "post")
    assert tried.changeform_view(request, "d04.adapter.example").status_code == 302
    row = Domain.get("d04.adapter.example")
    assert (row.reason, row.state) == ("told by support", "active")
    assert site.recorded == [("row.changed", {"reason": "reason 4"}, {"reason": "told by support"})]


def test_a_form_of_the_admin_s_own_refuses_by_its_rules(tried):
    """get_form"""
    response = tried.changeform_view(asked("/", {"reason": "bad one"}, "post"), "d06.adapter.example")
    assert "No bad reasons." in str(response.context_data["errors"])


def test_a_row_that_changed_meanwhile_is_not_overwritten(tried):
    obj = tried.get_object(asked(), "d08.adapter.example")
    Domain("d08.adapter.example").update(
        actions=[Domain.reason.set("somebody else's")], condition=Domain.domain.exists()
    )
    form = type("Form", (), {"changed_data": ["reason"], "cleaned_data": {"reason": "mine"}})
    with pytest.raises(Overtaken):
        tried.save_model(asked(), obj, form, True)
    assert Domain.get("d08.adapter.example").reason == "somebody else's"


def test_history_shows_the_audit_table(tried):
    response = tried.history_view(asked(), "d01.adapter.example")
    response.render()
    assert b"for d01.adapter.example" in response.content
    with pytest.raises(Http404):
        tried.history_view(asked(), "absent.example")


def test_rows_with_two_keys_are_found_by_both(site, rows, addresses):
    class Shown(RowAdmin):
        right = "open"

    site.register(PRESETS, Shown)
    addresses(site)
    shown = site._registry[PRESETS]
    assert shown.get_object(asked(), f"{WORKSPACE}~p03").name == "p03"
    assert shown.get_object(asked(), WORKSPACE) is None and shown.get_object(asked(), "~") is None
    assert shown.changeform_view(asked(), f"{WORKSPACE}~p03").status_code == 200


def test_nothing_is_added_or_deleted_and_a_right_closes_the_table(site, rows):
    class Closed(RowAdmin):
        right = "closed"

    site.register(PRESETS, Closed)
    shut = site._registry[PRESETS]
    assert not any((shut.has_view_permission(asked()), shut.has_change_permission(asked())))
    assert not any((shut.has_add_permission(asked()), shut.has_delete_permission(asked())))
    assert not shut.has_module_permission(asked())


@pytest.mark.parametrize(
    "ask",
    [
        lambda rows: rows.filter(domain__regex="x"),
        lambda rows: rows.filter(workspace__name="x"),
        lambda rows: rows.filter(~rowset.Q(domain="x")),
        lambda rows: rows.filter(rowset.Q(domain="x") | rowset.Q(domain="y")),
        lambda rows: rows.filter(cloudflare="x"),
    ],
)
def test_what_no_table_can_be_asked_is_refused_by_name(ask):
    with pytest.raises(NotSupported):
        ask(RowSet(DOMAINS))


def test_a_filter_in_the_address_that_no_table_knows_is_a_refusal(tried):
    with pytest.raises(Refusal):
        tried.changelist_view(asked(data={"state__regex": "x"}))


@pytest.mark.parametrize(
    ("lookup", "found"),
    [
        ({"domain__startswith": "d1"}, 10),
        ({"created__gte": 1_700_000_000}, 25),
        ({"key__in": ["d01.adapter.example", "absent.example"]}, 1),
        ({"reason__isnull": True}, 0),
    ],
)
def test_lookups_mean_what_they_mean_in_django(lookup, found, rows):
    assert len(RowSet(DOMAINS).filter(workspace_id=WORKSPACE, **lookup)) == found


def test_the_methods_the_stock_admin_calls_are_there(rows):
    every = RowSet(DOMAINS).filter(workspace_id=WORKSPACE)
    assert every.count() == len(every) == 25 and every.exists() and every[0].domain and len(every[2:5]) == 3
    assert every.all().using("default").distinct().order_by("domain").ordered and every.query.select_related
    assert every.get(domain="d01.adapter.example").domain == "d01.adapter.example"
    with pytest.raises(DOMAINS.DoesNotExist):
        every.get(domain="absent.example")


def test_what_is_kept_and_not_exported_is_never_mirrored():
    """A17"""
    for model in admin.site._registry:
        row_class, shown = model.row_class, set(model.mirrored)
        if row_class not in (Workspace, Source, Staff):
            continue
        assert shown == {name for name, each in row_class.get_attributes().items() if each.kept.exported}
        assert not [name for name in shown if "sealed" in name or "digest" in name or "secret" in name]


def test_a_text_that_is_no_key_is_none():
    assert mirrors.key_values(Preset, "one") is None and mirrors.key_values(Domain, "") is None
