"""Django's ModelAdmin over a table: stock templates, change lists, filters, search, actions, forms and history.

Register a mirror as any model: `list_display`, `list_filter`, `search_fields`, `readonly_fields`, `fieldsets`,
`actions`, `get_form` mean what they mean in Django. docs/admin.md says what does not apply to tables.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from imgapis.base.admin.mirrors import RowModel
from imgapis.base.admin.rowset import AdminQuerySet, NotSupported, RowPage, RowSet
from imgapis.base.dynamo import Row
from imgapis.base.errors import ApiError, EditConflict

AFTER = "after"


class RowSite(admin.AdminSite):
    """What tables need of the site they are registered with: it knows the rights and keeps the acts."""

    def allows(self, request: HttpRequest, right: str) -> bool:
        """Whether the request's user has a right."""
        raise NotImplementedError

    def record(self, request: HttpRequest, obj: RowModel, act: str, before: Any, after: Any, reason: str = "") -> None:
        """Record an act on an object."""
        raise NotImplementedError

    def history(self, obj: RowModel) -> list[dict[str, Any]]:
        """The acts on an object, newest first, as the history page shows them."""
        raise NotImplementedError


class RowList(ChangeList):
    """A change list paged by cursor: nothing is counted."""

    piece: RowPage

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The cursor is no filter."""
        return {name: value for name, value in super().get_filters_params(params).items() if name != AFTER}

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> AdminQuerySet:
        """The rows of the filters and the search. Raises ApiError for what no table can be asked: the stock page would
        blame a database."""
        try:
            return super().get_queryset(request, exclude_parameters)
        except IncorrectLookupParameters as error:
            if isinstance(error.__context__, NotSupported):
                raise ApiError(str(error.__context__)) from error
            raise

    def get_results(self, request: HttpRequest) -> None:
        """One page of rows and the cursor to the next."""
        self.piece = self.queryset.page(self.list_per_page, request.GET.get(AFTER))
        self.result_list = self.piece.rows
        self.result_count = len(self.piece.rows)
        self.full_result_count = self.result_count  # nothing else is known, and the page leaves it out
        self.show_full_result_count, self.show_admin_actions = False, True
        self.can_show_all = self.multi_page = False
        self.paginator = self.model_admin.paginator(self.piece.rows, self.list_per_page)

    @property
    def next_link(self) -> str:
        """The query string of the next page; empty on the last."""
        return self.get_query_string({AFTER: self.piece.cursor}) if self.piece.cursor else ""

    @property
    def first_link(self) -> str:
        """The query string of the first page; empty on the first."""
        return self.get_query_string(remove=[AFTER]) if AFTER in self.params else ""

    @property
    def is_scan(self) -> bool:
        """Whether no key and no index serves this list."""
        return self.queryset.access_path == "scan"


class RowAdmin(admin.ModelAdmin):
    """A ModelAdmin over the rows of a table. It only shows, unless `writable` names attributes.

    `right` is what the site is asked for; `lookups` are ways to find rows by a field that is in no key: name →
    function from the text to rows. A row is found by hash key first, then by lookups, then by what indexes serve.
    """

    right = ""
    lookups: dict[str, Callable[[str], list[Row]]] = {}
    writable: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by: ClassVar[tuple[str, ...]] = ()
    change_list_template = "admin/row_list.html"
    object_history_template = "admin/row_history.html"
    admin_site: RowSite
    _changeform_view: Callable[..., HttpResponse]  # of ModelAdmin, whose annotations leave it out

    # --- reading ---

    def get_queryset(self, request: HttpRequest) -> AdminQuerySet:
        """Every row of the table."""
        return RowSet(self.model)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The change list that pages by cursor."""
        return RowList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> RowModel | None:
        """The row of a key; None where there is none."""
        return next(iter(self.get_queryset(request).filter(pk=object_id).page(1).rows), None)

    def get_search_results(
        self, request: HttpRequest, queryset: AdminQuerySet, search_term: str
    ) -> tuple[AdminQuerySet, bool]:
        """The rows of the first of `search_fields` whose key, lookup or index has the text; else the rows that
        contain the text in the first field that only a scan can search."""
        text = search_term.strip()
        fields = self.get_search_fields(request)
        if not text or not fields:
            return queryset, False
        unindexed = []
        for name in fields:
            matches = self._find(queryset, name, text)
            if matches is None:
                unindexed.append(name)
            elif matches.exists():
                return matches, False
        if unindexed:
            return queryset.filter(**{f"{unindexed[0]}__contains": text}), False
        return queryset.filter(pk__in=[]), False

    def _find(self, queryset: RowSet, name: str, text: str) -> RowSet | None:
        """The rows whose field has the text, by lookup, key or index; None where none of them serves the field."""
        if name in self.lookups:
            matches = queryset.all()
            matches.lookup = lambda: self.lookups[name](text)
            return matches
        filtered = queryset.filter(**{name: text})
        return None if filtered.access_path == "scan" else filtered

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Any attribute that is shown may be filtered by: links between pages do so."""
        return lookup.partition("__")[0] in (*self.model.mirrored, "key", "pk")

    # --- permission: the site knows the rights ---

    def has_view_permission(self, request: HttpRequest, obj: RowModel | None = None) -> bool:
        """Whether the role has the right this table asks for."""
        return self.admin_site.allows(request, self.right)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the table is listed."""
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: RowModel | None = None) -> bool:
        """Only where attributes are writable."""
        return bool(self.writable) and self.has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are made by the product, with its rules, not by the admin."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RowModel | None = None) -> bool:
        """Rows are deleted by the product, with its rules, not by the admin."""
        return False

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nobody: see above. The stock view would open a SQL transaction before it asked."""
        raise PermissionDenied

    # --- writing ---

    def get_readonly_fields(self, request: HttpRequest, obj: RowModel | None = None) -> tuple[str, ...]:
        """Everything but what is writable or excluded, and what the subclass names."""
        excluded = (*self.writable, *(self.exclude or ()))
        readonly = tuple(name for name in self.model.mirrored if name not in excluded)
        return (*readonly, *(name for name in self.readonly_fields if name not in readonly))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The stock form, outside of a SQL transaction: there is none."""
        return self._changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: RowModel, form: Any, change: bool) -> None:
        """Write what was changed, by condition, and record it. Raises EditConflict."""
        names = [name for name in form.changed_data if name in self.writable]
        before = {name: getattr(obj.row, name) for name in names}
        row_class = self.model.row_class
        actions = [getattr(row_class, name).set(form.cleaned_data[name]) for name in names]
        unchanged = row_class.is_present()
        for name in names:
            unchanged &= getattr(row_class, name) == before[name]
        if not obj.row.update_if(unchanged, actions):
            raise EditConflict
        after = {name: form.cleaned_data[name] for name in names}
        self.admin_site.record(request, obj, "row.changed", before, after)

    def save_related(self, request: HttpRequest, form: Any, formsets: list, change: bool) -> None:
        """There are no relations."""

    def log_addition(self, request: HttpRequest, obj: RowModel, message: Any) -> Any:
        """Nothing: acts are recorded where they are done, in the audit table."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: AdminQuerySet) -> Any:
        """Nothing: as above."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        """What would be deleted: the rows themselves, which nothing references."""
        return [str(obj) for obj in objs], {}, set(), []

    # --- history ---

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The audit entries of the object. Raises Http404 and PermissionDenied."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {obj}",
            "object": obj,
            "opts": self.opts,
            "entries": self.admin_site.history(obj),
            "module_name": str(self.opts.verbose_name_plural).capitalize(),
            "preserved_filters": self.get_preserved_filters(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)
