"""The addresses of image hosts."""

from django.urls import path

from transforms.image_api import api

handler404 = "transforms.image_answers.not_found"
handler500 = "transforms.image_answers.server_error"
urlpatterns = [path("", api.urls)]
