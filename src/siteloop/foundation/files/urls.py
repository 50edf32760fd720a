"""Paths of evidence files."""

from django.urls import path

from siteloop.foundation.files import views

urlpatterns = [path("upload", views.upload), path("<int:pk>", views.serve)]
