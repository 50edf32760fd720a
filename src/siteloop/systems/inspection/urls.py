"""Paths of inspection that the generic pages do not serve."""

from django.urls import path

from siteloop.systems.inspection import views

urlpatterns = [path("inspections/<int:pk>/fill", views.fill, name="inspection-fill")]
