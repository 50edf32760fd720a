"""Paths of the project figures."""

from django.urls import path

from siteloop.screens.project_figures import views

urlpatterns = [
    path("", views.page, name="project-figures"),
    path("export", views.export, name="project-figures-export"),
]
