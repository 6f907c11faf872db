"""The admin site: Django's own, for staff whose second factor stands in the session, and for nobody else (A16)."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.urls.resolvers import URLPattern
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from accounts import audit
from accounts.models import Staff
from accounts.staff import second_factor, staff, staff_rights
from imgapis.base.admin.mirrors import RowModel
from imgapis.support import audit_log, entry, pages

# Stock addresses for what this site has not: passwords, relations to complete, a public page per object.
WITHOUT = {"password_change", "password_change_done", "autocomplete", "view_on_site"}


class StaffSite(AdminSite):
    """One site for all staff; what each may do is asked of `accounts.staff.staff_rights`."""

    site_title = site_header = "img apis support"
    index_title = "Support"
    site_url = None
    enable_nav_sidebar = False  # it keeps its state in the browser's storage
    index_template = "admin/support_index.html"

    def member(self, request: HttpRequest) -> Staff | None:
        """The staff row of the request's user, read anew with each request; None without a valid second factor."""
        if not hasattr(request, "staff_member"):
            row = staff.member(request.user.person_id) if request.user.is_authenticated else None
            proof = request.session.get(second_factor.SESSION_KEY)
            request.staff_member = row if row and second_factor.is_verified(row, proof) else None
        return request.staff_member

    def has_permission(self, request: HttpRequest) -> bool:
        """Only with the second factor, as django-otp's OTPAdminSite has it."""
        return self.member(request) is not None

    def allows(self, request: HttpRequest, right: str) -> bool:
        """Whether the staff role of the request's user has a right."""
        row = self.member(request)
        return row is not None and staff_rights.allows(row.role, right)

    def record(self, request: HttpRequest, obj: RowModel, act: str, before: Any, after: Any, reason: str = "") -> None:
        """Write an act on an object to the audit table."""
        audit.record(
            audit_log.log_of(obj.row), audit_log.actor(self.member(request)), act, obj.key, before, after, reason
        )

    def history(self, obj: RowModel) -> list[dict]:
        """The audit entries of an object, newest first."""
        return audit_log.of_row(obj.row)

    def get_log_entries(self, request: HttpRequest) -> list:
        """None of Django's: the audit table has them."""
        return []

    def each_context(self, request: HttpRequest) -> dict:
        """The template context of every page: also `member`, the staff row."""
        return super().each_context(request) | {"member": self.member(request)}

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """The front page: the search box, what is due, the tables."""
        return super().index(request, {**pages.front(self, request), **(extra_context or {})})

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Sign in: the mail's code on the site first, then the second factor here."""
        return entry.enter(request, self.each_context(request))

    def logout(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """End the session on the server."""
        return entry.leave(request)

    def get_urls(self) -> list[URLPattern]:
        """The stock routes, less those of `WITHOUT`, and the support pages, all behind the same permission check."""
        stock_patterns = [pattern for pattern in super().get_urls() if getattr(pattern, "name", None) not in WITHOUT]
        own_patterns = [path(route, self.admin_view(self._own(view)), name=name) for route, view, name in pages.ROUTES]
        return own_patterns + stock_patterns

    def _own(self, view):
        """A support view with the site as its second argument."""

        def with_site(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            request.current_app = self.name
            return view(request, self, *args, **kwargs)

        return with_site
