"""The pages of the site host."""

from django.urls import include, path

from imgapis import overview, rest, status, views

handler404 = "imgapis.views.not_found"
handler500 = "imgapis.views.server_error"
urlpatterns = [
    path("", views.home, name="home"),
    path("docs", views.docs_index, name="docs"),
    path("docs/<slug:name>.md", views.docs_source, name="docs-source"),
    path("docs/<slug:name>", views.docs_page, name="docs-page"),
    path("llms.txt", views.llms, name="llms"),
    path("", include("accounts.urls")),
    path("", include("telemetry.urls")),
    path("", include("transforms.urls")),
    path("w/<slug:namespace>/", overview.overview, name="workspace"),
    path("w/<slug:namespace>/samples", overview.add_samples, name="samples-add"),
    path("api/v1/", rest.api.urls),
    path("status", status.status, name="status"),
    path("healthz", views.healthz, name="healthz"),
]
