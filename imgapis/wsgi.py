"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imgapis.settings")
_django = get_wsgi_application()

from imgapis.server.fast_lane import FastLane  # noqa: E402 - rows can be imported only once the apps are loaded

application = FastLane(_django)
