"""Paths of the responsible parties."""

from django.urls import path

from siteloop.screens.parties import views

urlpatterns = [
    path("", views.page, name="parties"),
    path("<int:pk>/", views.party, name="parties-one"),
]
