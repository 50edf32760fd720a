"""Path of the workbench."""

from django.urls import path

from siteloop.screens.workbench import views

urlpatterns = [path("", views.workbench, name="workbench")]
