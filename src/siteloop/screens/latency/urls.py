"""Paths of the latency meter."""

from django.urls import path

from siteloop.screens.latency import views

urlpatterns = [path("", views.page, name="latency")]
