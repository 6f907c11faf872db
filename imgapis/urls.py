"""The pages of the site host."""

from django.urls import path

from imgapis import views

handler404 = "imgapis.views.not_found"
handler500 = "imgapis.views.server_error"
urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
]
