"""The admin site: Django's own, for staff whose second factor stands in the session, and for nobody else (A16)."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from accounts import audit
from accounts.models import Staff
from accounts.staff import second_factor, staff, staff_rights
from imgapis.base.admin.mirrors import RowModel
from imgapis.base.admin.row_admin import RowSite
from imgapis.support import audit_log, entry, pages

# Stock addresses for what this site has not: passwords, relations to complete, a public page per object.
WITHOUT = {"password_change", "password_change_done", "autocomplete", "view_on_site"}


class StaffSite(RowSite):
    """One site for all staff; what each may do is asked of `accounts.staff.staff_rights`."""

    site_title = site_header = "img apis support"
    index_title = "Support"
    site_url = None
    enable_nav_sidebar = False  # it keeps its state in the browser's storage
    index_template = "admin/support_index.html"

    def member(self, request: HttpRequest) -> Staff | None:
        """The staff row of the request's user, read anew with each request; None without a valid second factor."""
        attributes = vars(request)
        if "staff_member" not in attributes:
            row = staff.member(request.user.person_id) if request.user.is_authenticated else None
            proof = request.session.get(second_factor.SESSION_KEY)
            attributes["staff_member"] = row if row and second_factor.is_verified(row, proof) else None
        return attributes["staff_member"]

    def require_member(self, request: HttpRequest) -> Staff:
        """The staff row of a request that `has_permission` has let through. Raises PermissionDenied."""
        row = self.member(request)
        if row is None:
            raise PermissionDenied
        return row

    def has_permission(self, request: HttpRequest) -> bool:
        """Only with the second factor, as django-otp's OTPAdminSite has it."""
        return self.member(request) is not None

    def allows(self, request: HttpRequest, right: str) -> bool:
        """Whether the staff role of the request's user has a right."""
        row = self.member(request)
        return row is not None and staff_rights.allows(row.role, right)

    def record(self, request: HttpRequest, obj: RowModel, act: str, before: Any, after: Any, reason: str = "") -> None:
        """Write an act on an object to the audit table."""
        actor = audit_log.actor(self.require_member(request))
        audit.record(audit_log.log_of(obj.row), actor, act, obj.key, before, after, reason)

    def history(self, obj: RowModel) -> list[dict[str, Any]]:
        """The audit entries of an object, newest first."""
        return audit_log.of_row(obj.row)

    def get_log_entries(self, request: HttpRequest) -> QuerySet[LogEntry]:
        """None of Django's: the audit table has them."""
        return LogEntry.objects.none()

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The template context of every page: also `member`, the staff row."""
        return super().each_context(request) | {"member": self.member(request)}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The front page: the search box, what is due, the tables."""
        return super().index(request, {**pages.front(self.require_member(request)), **(extra_context or {})})

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sign in: the mail's code on the site first, then the second factor here."""
        return entry.enter(request, self.each_context(request))

    # The stock page says goodbye; ours leads to the sign-in, which the annotation of Django's stubs has no room for.
    def logout(  # type: ignore[override]  # see above
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """End the session on the server."""
        return entry.leave(request)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """The stock routes, less those of `WITHOUT`, and the support pages, all behind the same permission check."""
        stock_patterns = [pattern for pattern in super().get_urls() if getattr(pattern, "name", None) not in WITHOUT]
        own_patterns: list[URLResolver | URLPattern] = [
            path(route, self.admin_view(self._own(view)), name=name) for route, view, name in pages.ROUTES
        ]
        return own_patterns + stock_patterns

    def _own(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """A support view with the site as its second argument."""

        def with_site(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            request.current_app = self.name
            return view(request, self, *args, **kwargs)

        return with_site
