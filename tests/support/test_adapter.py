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
from django.db.models import Exists
from django.http import Http404
from django.test import RequestFactory
from django.urls import path

from accounts.models import Staff, User, Workspace
from imgapis.base.admin import mirrors, rowset
from imgapis.base.admin.mirrors import model_for
from imgapis.base.admin.row_admin import RowAdmin
from imgapis.base.admin.rowset import NotSupported, RowSet
from imgapis.base.cursors import InvalidCursor
from imgapis.base.dynamo import declaration_of
from imgapis.base.errors import ApiError, EditConflict
from transforms.models import Domain, Preset, Source

WORKSPACE = "ws_adapter"
DOMAINS = model_for(
    Domain,
    "transforms",
    name="tried domain",
    moments=("created",),
    choices={"state": [("active", "Active"), ("failing", "Failing")]},
)
PRESETS = model_for(Preset, "transforms", name="tried preset", moments=("saved",))


class OpenSite(AdminSite):
    """An admin site that everybody may use; `recorded` has the arguments of each `record` call."""

    def __init__(self):
        super().__init__("admin")
        self.recorded = []

    def has_permission(self, request) -> bool:
        return True

    def allows(self, request, right: str) -> bool:
        return right != "closed"

    def get_urls(self):
        return [path("find/", lambda request: None, name="support-find"), *super().get_urls()]

    def record(self, request, obj, *args) -> None:
        self.recorded.append(args)

    def history(self, obj) -> list[dict]:
        return [{"time": "then", "actor": "staff:x", "said": "did it", "reason": f"for {obj}"}]


class DomainAdmin(RowAdmin):
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
        """A column computed by the admin."""
        return obj.domain.upper()

    @admin.action(description="Note them")
    def note(self, request, queryset) -> None:
        """Add a message that names the chosen rows."""
        messages.success(request, "noted " + ", ".join(sorted(domain.domain for domain in queryset)))

    def get_form(self, request, obj=None, change=False, **kwargs):
        """A form with a validation rule of its own."""
        form = super().get_form(request, obj, change, **kwargs)

        class CheckedForm(form):
            def clean_reason(self):
                if "bad" in self.cleaned_data["reason"]:
                    raise forms.ValidationError("No bad reasons.")
                return self.cleaned_data["reason"]

        return CheckedForm


@pytest.fixture(scope="module")
def rows(dynamodb) -> None:
    """Twenty-five domains of one workspace, and a few presets."""
    with Domain.batch_write() as write:
        for number in range(25):
            state = "failing" if number % 5 == 0 else "active"
            write.save(
                Domain(
                    f"d{number:02d}.adapter.example",
                    claim_id="c",
                    workspace_id=WORKSPACE,
                    txt_token="t",
                    state=state,
                    reason=f"reason {number}",
                    proven=number % 2 == 0,
                    created=1_700_000_000,
                    due=1,
                )
            )
    with Preset.batch_write() as write:
        for number in range(25):
            write.save(Preset(WORKSPACE, f"p{number:02d}", values={"w": "9"}, saved=number + 1))


@pytest.fixture
def site() -> OpenSite:
    return OpenSite()


@pytest.fixture
def addresses(settings, monkeypatch):
    """A function that mounts a site's URLs at /admin/ for the test."""

    def install(admin_site: OpenSite) -> None:
        module = types.ModuleType("tried_urls")
        module.urlpatterns = [path("admin/", admin_site.urls)]
        monkeypatch.setitem(sys.modules, "tried_urls", module)
        settings.ROOT_URLCONF = "tried_urls"

    return install


@pytest.fixture
def domain_admin(site, rows, addresses) -> DomainAdmin:
    site.register(DOMAINS, DomainAdmin)
    addresses(site)
    return site._registry[DOMAINS]


class Session(SessionBase):
    """A session in memory."""

    def save(self, must_create: bool = False) -> None:
        """Store nothing."""


def make_request(url: str = "/", data: dict | None = None, method: str = "get"):
    """A request with the user, session and messages that the middlewares set."""
    request = getattr(RequestFactory(), method)(url, data or {})
    request.user, request.session = User(person_id="p_tester", email="t@example.com"), Session()
    request._dont_enforce_csrf_checks = True
    request._messages = SessionStorage(request)
    return request


def changelist(model_admin, **data):
    """The change list of the admin's list page for this query string."""
    return model_admin.get_changelist_instance(make_request(data=data))


def names(change_list) -> list[str]:
    return [row.domain for row in change_list.result_list]


def test_list_display_shows_columns_of_the_row_and_of_the_admin(domain_admin):
    response = domain_admin.changelist_view(make_request(data={"workspace_id": WORKSPACE}))
    result_list = str(response.context_data["cl"].result_list)
    assert response.status_code == 200 and "adapter.example" in result_list
    assert domain_admin.get_list_display(make_request()) == DomainAdmin.list_display


@pytest.mark.parametrize(
    ("data", "way", "count"),
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
)
def test_filters_and_searches_become_keys_and_indexes_where_there_are_any(data, way, count, domain_admin):
    """list_filter, search_fields"""
    change_list = changelist(domain_admin, **data)
    assert change_list.queryset.access_path == way and change_list.is_scan is (way == "scan")
    assert len(change_list.result_list) == count


def test_a_list_is_paged_by_cursor_and_nothing_is_counted(domain_admin):
    """list_per_page"""
    domains, cursor, page_count = [], {}, 0
    while True:
        change_list = changelist(domain_admin, workspace_id=WORKSPACE, **cursor)
        domains += names(change_list)
        page_count += 1
        if not change_list.next_link:
            break
        cursor = {"after": change_list.piece.cursor}
    assert page_count == 3 and len(domains) == len(set(domains)) == 25
    assert change_list.full_result_count == change_list.result_count and change_list.first_link


def test_a_cursor_of_another_list_is_refused(domain_admin):
    cursor = changelist(domain_admin, workspace_id=WORKSPACE).piece.cursor
    with pytest.raises(InvalidCursor):
        changelist(domain_admin, workspace_id=WORKSPACE, state__exact="active", after=cursor)


def test_a_list_that_only_a_scan_serves_says_so_and_stops_in_time(domain_admin, monkeypatch):
    monkeypatch.setattr(rowset, "SCAN_SECONDS", 0.0)
    monkeypatch.setattr(rowset, "PIECE", 3)
    response = domain_admin.changelist_view(make_request(data={"q": "reason 2"}))
    response.render()
    assert b"No key or index serves this list" in response.content and b"The time was up" in response.content


def test_ordering_follows_the_second_half_of_the_key(site, rows):
    """ordering"""

    class Newest(RowAdmin):
        right, ordering, list_display = "open", ("-name",), ("name",)

    site.register(PRESETS, Newest)
    change_list = changelist(site._registry[PRESETS], workspace_id=WORKSPACE)
    preset_names = [row.name for row in change_list.result_list]
    assert preset_names == sorted(preset_names, reverse=True) and preset_names[0] == "p24"


def test_actions_get_the_rows_that_were_ticked(domain_admin):
    """actions"""
    domains = ["d01.adapter.example", "d02.adapter.example"]
    request = make_request(
        "/?workspace_id=" + WORKSPACE, {"action": "note", "_selected_action": domains, "index": 0}, "post"
    )
    assert domain_admin.changelist_view(request).status_code == 302
    assert [str(message) for message in request._messages] == ["noted " + ", ".join(domains)]
    assert "delete_selected" not in domain_admin.get_actions(request) or not domain_admin.has_delete_permission(request)


def test_a_form_shows_fieldsets_and_holds_only_what_is_writable(domain_admin):
    """fieldsets, readonly_fields, get_form"""
    response = domain_admin.changeform_view(make_request(), "d01.adapter.example")
    response.render()
    text = response.content.decode()
    assert "D01.ADAPTER.EXAMPLE" in text and "State" in text
    assert re.findall(r'<(?:input|textarea)[^>]* name="(?!csrf|_|q")(\w+)"', text) == ["reason"]
    assert "why it is in that state" in text  # the declaration of the attribute is its help


def test_saving_writes_what_was_changed_by_condition_and_records_it(domain_admin, site):
    request = make_request("/", {"reason": "told by support", "state": "hacked"}, "post")
    assert domain_admin.changeform_view(request, "d04.adapter.example").status_code == 302
    row = Domain.get("d04.adapter.example")
    assert (row.reason, row.state) == ("told by support", "active")
    assert site.recorded == [("row.changed", {"reason": "reason 4"}, {"reason": "told by support"})]


def test_a_form_of_the_admin_s_own_refuses_by_its_rules(domain_admin):
    """get_form"""
    response = domain_admin.changeform_view(make_request("/", {"reason": "bad one"}, "post"), "d06.adapter.example")
    assert "No bad reasons." in str(response.context_data["errors"])


def test_a_row_that_changed_meanwhile_is_not_overwritten(domain_admin):
    obj = domain_admin.get_object(make_request(), "d08.adapter.example")
    Domain("d08.adapter.example").update(actions=[Domain.reason.set("somebody else's")], condition=Domain.is_present())
    form = type("Form", (), {"changed_data": ["reason"], "cleaned_data": {"reason": "mine"}})
    with pytest.raises(EditConflict):
        domain_admin.save_model(make_request(), obj, form, change=True)
    assert Domain.get("d08.adapter.example").reason == "somebody else's"


def test_history_shows_the_audit_table(domain_admin):
    response = domain_admin.history_view(make_request(), "d01.adapter.example")
    response.render()
    assert b"for d01.adapter.example" in response.content
    with pytest.raises(Http404):
        domain_admin.history_view(make_request(), "absent.example")


def test_rows_with_two_keys_are_found_by_both(site, rows, addresses):
    class PresetAdmin(RowAdmin):
        right = "open"

    site.register(PRESETS, PresetAdmin)
    addresses(site)
    preset_admin = site._registry[PRESETS]
    assert preset_admin.get_object(make_request(), f"{WORKSPACE}~p03").name == "p03"
    assert (
        preset_admin.get_object(make_request(), WORKSPACE) is None
        and preset_admin.get_object(make_request(), "~") is None
    )
    assert preset_admin.changeform_view(make_request(), f"{WORKSPACE}~p03").status_code == 200


def test_nothing_is_added_or_deleted_and_a_right_closes_the_table(site, rows):
    class ClosedAdmin(RowAdmin):
        right = "closed"

    site.register(PRESETS, ClosedAdmin)
    closed_admin = site._registry[PRESETS]
    assert not any(
        (closed_admin.has_view_permission(make_request()), closed_admin.has_change_permission(make_request()))
    )
    assert not any(
        (closed_admin.has_add_permission(make_request()), closed_admin.has_delete_permission(make_request()))
    )
    assert not closed_admin.has_module_permission(make_request())


@pytest.mark.parametrize(
    "ask",
    [
        lambda rows: rows.filter(domain__regex="x"),
        lambda rows: rows.filter(workspace__name="x"),
        lambda rows: rows.filter(~rowset.Q(domain="x")),
        lambda rows: rows.filter(rowset.Q(domain="x") | rowset.Q(domain="y")),
        lambda rows: rows.filter(cloudflare="x"),
        lambda rows: rows.filter(rowset.Q(Exists(User.objects.all()))),
    ],
)
def test_what_no_table_can_be_asked_is_refused_by_name(ask):
    with pytest.raises(NotSupported):
        ask(RowSet(DOMAINS))


def test_a_filter_in_the_address_that_no_table_knows_is_a_refusal(domain_admin):
    with pytest.raises(ApiError):
        domain_admin.changelist_view(make_request(data={"state__regex": "x"}))


@pytest.mark.parametrize(
    ("lookup", "count"),
    [
        ({"domain__startswith": "d1"}, 10),
        ({"created__gte": 1_700_000_000}, 25),
        ({"key__in": ["d01.adapter.example", "absent.example"]}, 1),
        ({"reason__isnull": True}, 0),
    ],
)
def test_lookups_mean_what_they_mean_in_django(lookup, count, rows):
    assert len(RowSet(DOMAINS).filter(workspace_id=WORKSPACE, **lookup)) == count


def test_the_methods_the_stock_admin_calls_are_there(rows):
    row_set = RowSet(DOMAINS).filter(workspace_id=WORKSPACE)
    assert row_set.count() == len(row_set) == 25 and row_set.exists() and row_set[0].domain and len(row_set[2:5]) == 3
    assert row_set.all().using("default").distinct().order_by("domain").ordered and row_set.query.select_related
    assert row_set.get(domain="d01.adapter.example").domain == "d01.adapter.example"
    with pytest.raises(DOMAINS.DoesNotExist):
        row_set.get(domain="absent.example")


def test_what_is_kept_and_not_exported_is_never_mirrored():
    """A17"""
    for model in admin.site._registry:
        row_class, mirrored_names = model.row_class, set(model.mirrored)
        if row_class not in (Workspace, Source, Staff):
            continue
        assert mirrored_names == {
            name for name, attribute in row_class.get_attributes().items() if declaration_of(attribute).exported
        }
        assert not [name for name in mirrored_names if "sealed" in name or "digest" in name or "secret" in name]


def test_a_text_that_is_no_key_is_none():
    assert mirrors.key_values(Preset, "one") is None and mirrors.key_values(Domain, "") is None
