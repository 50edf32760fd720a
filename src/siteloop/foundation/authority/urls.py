"""Paths of signing in; they stand at the root."""

from django.urls import URLPattern, URLResolver, include, path

from siteloop.foundation.authority import views

urlpatterns: list[URLPattern | URLResolver] = []
root_urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("language", views.language, name="language"),
    path("theme", views.theme, name="theme"),
    path("password", views.password, name="password"),
    path("accounts/", include("allauth.urls")),
]
