"""The pages of images: sources, custom domains."""

from django.urls import path

from transforms.views import domains, sources

urlpatterns = [
    path("w/<slug:namespace>/sources", sources.listed, name="sources"),
    path("w/<slug:namespace>/sources/new", sources.create, name="source-new"),
    path("w/<slug:namespace>/sources/<slug:source>", sources.source, name="source"),
    path("w/<slug:namespace>/sources/<slug:source>/delete", sources.delete, name="source-delete"),
    path("w/<slug:namespace>/sources/<slug:source>/doctor", sources.examine, name="source-doctor"),
    path("w/<slug:namespace>/domains", domains.listed, name="domains"),
    path("w/<slug:namespace>/domains/<str:domain>", domains.domain, name="domain"),
    path("w/<slug:namespace>/domains/<str:domain>/check", domains.check, name="domain-check"),
    path("w/<slug:namespace>/domains/<str:domain>/remove", domains.remove, name="domain-remove"),
]
