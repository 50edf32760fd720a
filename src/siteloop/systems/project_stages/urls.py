"""Paths besides the registers."""

from django.urls import path

from siteloop.systems.project_stages import views

urlpatterns = [
    path("national.xlsx", views.national_book),
    path("national-template.xlsx", views.national_template),
]
