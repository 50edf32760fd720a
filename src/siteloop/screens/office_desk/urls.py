"""Path of the office desk."""

from django.urls import path

from siteloop.screens.office_desk import views

urlpatterns = [path("", views.desk, name="office-desk")]
