"""The addresses of image hosts."""

from django.urls import path

from transforms.serving.image_api import api

handler404 = "transforms.serving.image_responses.not_found"
handler500 = "transforms.serving.image_responses.server_error"
urlpatterns = [path("", api.urls)]
