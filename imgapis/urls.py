"""The pages of the site host."""

from django.contrib import admin
from django.urls import include, path

from billing.views import notifications
from imgapis import rest
from imgapis.policy import wellknown
from imgapis.privacy import export_pages
from imgapis.privacy import pages as privacy_pages
from imgapis.site import overview, playground, policy_pages, pricing, simulator, status, views
from telemetry.views import usage

handler404 = "imgapis.site.views.not_found"
handler500 = "imgapis.site.views.server_error"
urlpatterns = [
    path("", views.home, name="home"),
    path("pricing", pricing.pricing, name="pricing"),
    path("playground", playground.public, name="playground"),
    path("simulator", simulator.simulator, name="simulator"),
    path("docs", views.docs_index, name="docs"),
    path("docs/<slug:name>.md", views.docs_source, name="docs-source"),
    path("docs/<slug:name>", views.docs_page, name="docs-page"),
    path("llms.txt", views.llms, name="llms"),
    path("", include("accounts.urls")),
    path("w/<slug:namespace>/usage", usage.usage, {"beside": overview.beside_usage}, name="usage"),
    path("", include("telemetry.urls")),
    path("", include("billing.urls")),
    path("", include("transforms.urls")),
    path("w/<slug:namespace>/", overview.overview, name="workspace"),
    path("w/<slug:namespace>/playground", playground.own, name="workspace-playground"),
    path("w/<slug:namespace>/samples", overview.add_samples, name="samples-add"),
    path("w/<slug:namespace>/billing/notices", notifications.notices, name="notices"),
    path("w/<slug:namespace>/billing/notices/choose", notifications.choose, name="notices-choose"),
    path("w/<slug:namespace>/billing/notices/hook", notifications.hook, name="notices-hook"),
    path("w/<slug:namespace>/billing/notices/hook/remove", notifications.hook_remove, name="notices-hook-remove"),
    path("w/<slug:namespace>/billing/notices/hook/test", notifications.hook_test, name="notices-hook-test"),
    path("w/<slug:namespace>/data", privacy_pages.data, name="data"),
    path("w/<slug:namespace>/data/export.zip", export_pages.data_export, name="data-export"),
    path("w/<slug:namespace>/data/export-mail", export_pages.data_export_mail, name="data-export-mail"),
    path("w/<slug:namespace>/data/erase", privacy_pages.data_erase, name="data-erase"),
    path("w/<slug:namespace>/data/keep", privacy_pages.data_keep, name="data-keep"),
    path("account/data", privacy_pages.account_data, name="account-data"),
    path("account/data/export.zip", export_pages.account_export, name="account-export"),
    path("account/data/export-mail", export_pages.account_export_mail, name="account-export-mail"),
    path("account/exports/<str:token>", export_pages.linked_export, name="export-link"),
    path("account/data/erase", privacy_pages.account_erase, name="account-erase"),
    path("account/data/keep", privacy_pages.account_keep, name="account-keep"),
    path("api/v1/", rest.api.urls),
    path("admin/", admin.site.urls),
    path("status", status.status, name="status"),
    path("privacy", policy_pages.privacy, name="privacy"),
    path("privacy/data", privacy_pages.data_page, name="data-inventory"),
    path("privacy/erasures/<str:subject_id>", privacy_pages.progress, name="erasure"),
    path("privacy/certificates/<str:subject_id>", privacy_pages.certificate, name="certificate"),
    path(".well-known/data-map.json", privacy_pages.data_map, name="data-map"),
    path(".well-known/erasure-keys.json", privacy_pages.keys, name="erasure-keys"),
    path("privacy/versions", policy_pages.version_list, name="policy-versions"),
    path("privacy/versions/<str:name>", policy_pages.version, name="policy-version"),
    path("privacy/subprocessors", policy_pages.subprocessors, name="subprocessors"),
    path("privacy/cookies", policy_pages.cookies, name="cookies"),
    path("privacy/requests", policy_pages.how_to_ask, name="privacy-how-to-ask"),
    path("terms", policy_pages.paper, {"name": "terms"}, name="terms"),
    path("security", policy_pages.paper, {"name": "security"}, name="security"),
    path("abuse", policy_pages.paper, {"name": "abuse"}, name="abuse"),
    path(".well-known/security.txt", wellknown.security_txt, name="security-txt"),
    path(".well-known/gpc.json", wellknown.gpc, name="gpc"),
    path("healthz", views.healthz, name="healthz"),
]
