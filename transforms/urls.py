"""The pages of images: sources, access, signing, presets, fallbacks, purges, engine versions, custom domains."""

from django.urls import path

from transforms.views import access, comparison, domains, fallbacks, presets, purge, signing, sources

urlpatterns = [
    path("w/<slug:namespace>/sources", sources.listed, name="sources"),
    path("w/<slug:namespace>/sources/new", sources.create, name="source-new"),
    path("w/<slug:namespace>/sources/<slug:source>", sources.source, name="source"),
    path("w/<slug:namespace>/sources/<slug:source>/delete", sources.delete, name="source-delete"),
    path("w/<slug:namespace>/sources/<slug:source>/doctor", sources.examine, name="source-doctor"),
    path("w/<slug:namespace>/access", access.access, name="access"),
    path("w/<slug:namespace>/signing", signing.signing, name="signing"),
    path("w/<slug:namespace>/presets", presets.presets, name="presets"),
    path("w/<slug:namespace>/presets/only", presets.only, name="presets-only"),
    path("w/<slug:namespace>/presets/<slug:preset>/delete", presets.delete, name="preset-delete"),
    path("w/<slug:namespace>/fallbacks", fallbacks.fallbacks, name="fallbacks"),
    path("w/<slug:namespace>/fallbacks/defaults", fallbacks.defaults, name="fallback-defaults"),
    path("w/<slug:namespace>/fallbacks/<slug:fallback>/delete", fallbacks.delete, name="fallback-delete"),
    path("w/<slug:namespace>/purge", purge.purge, name="purge"),
    path("w/<slug:namespace>/purge/compare", comparison.comparison, name="engine-comparison"),
    path("w/<slug:namespace>/engine", purge.engine, name="engine"),
    path("w/<slug:namespace>/domains", domains.listed, name="domains"),
    path("w/<slug:namespace>/domains/<str:domain>", domains.domain, name="domain"),
    path("w/<slug:namespace>/domains/<str:domain>/check", domains.check, name="domain-check"),
    path("w/<slug:namespace>/domains/<str:domain>/remove", domains.remove, name="domain-remove"),
]
