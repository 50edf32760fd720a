"""Paths beside the registers."""

from django.urls import path

from siteloop.foundation.telemetry import happenings

urlpatterns = [path("events/<int:pk>/pictures/<int:place>", happenings.picture)]
