"""Paths of the phone's shell: one page, its manifest and its worker, all under /field/, which is the worker's scope."""

from django.urls import path

from siteloop.screens.field import views

urlpatterns = [
    path("", views.shell, name="field"),
    path("manifest.webmanifest", views.manifest, name="field-manifest"),
    path("worker.js", views.worker, name="field-worker"),
]
