"""WSGI entry, for Django's own tools; the program serves over asgi.py."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "siteloop.entry.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
