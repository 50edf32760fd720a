"""Paths of the map."""

from django.urls import path

from siteloop.screens.one_map import views

urlpatterns = [path("", views.page, name="one-map"), path("points.json", views.points)]
