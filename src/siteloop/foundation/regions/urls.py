"""Paths beside the registers."""

from django.urls import path

from siteloop.foundation.regions import views

urlpatterns = [path("boundaries.json", views.boundaries, name="boundaries")]
