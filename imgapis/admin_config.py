"""Tells Django which admin site is the default one."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """The stock admin app with our site in it."""

    default_site = "imgapis.admin_site.StaffSite"
