"""Paths of the record pages."""

from django.urls import path

from siteloop.screens.places import views

urlpatterns = [
    path("projects/<int:pk>/", views.project, name="project-page"),
    path("sites/<int:pk>/", views.site, name="site-page"),
    path("devices/<int:pk>/", views.device, name="device-page"),
    path("devices/<int:pk>/commands", views.command, name="device-command"),
]
