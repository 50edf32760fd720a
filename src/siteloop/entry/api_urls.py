"""All paths of the program with the API among them; see `framework.rest.mounting`."""

from django.urls import URLPattern, URLResolver, include, path

from siteloop.entry import urls

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("siteloop.framework.rest.urls")),
    *urls.urlpatterns,
]
