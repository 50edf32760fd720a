"""Paths of the settings."""

from django.urls import path

from siteloop.screens.settings import system_views, views

urlpatterns = [
    path("", views.page, name="settings"),
    path("system/", system_views.page, name="settings-system"),
    path("<slug:kind>/<str:key>/", views.one, name="settings-one"),
]
