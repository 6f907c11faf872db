"""The WSGI application that gunicorn serves."""

import os
from pathlib import Path

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imgapis.settings")
_django = get_wsgi_application()

# Rows can be imported only once the apps are loaded.
from django.conf import settings  # noqa: E402

from imgapis.server.fast_lane import FastLane  # noqa: E402
from imgapis.server.front_cache import FrontCache  # noqa: E402

_fast_lane = FastLane(_django)
application = FrontCache(_fast_lane, Path(settings.NGINX_SPOOL)) if settings.NGINX_SPOOL else _fast_lane
