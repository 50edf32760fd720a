"""Paths of the fleet."""

from django.urls import path

from siteloop.screens.fleet import views

urlpatterns = [
    path("", views.page, name="fleet"),
    path("export", views.export, name="fleet-export"),
    path("rates/", views.rates_page, name="fleet-rates"),
    path("rates/export", views.rates_export, name="fleet-rates-export"),
]
