"""Paths of the ledger."""

from django.urls import path

from siteloop.screens.ledger import views

urlpatterns = [path("", views.page, name="ledger"), path("export", views.export, name="ledger-export")]
