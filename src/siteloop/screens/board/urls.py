"""Path of the board."""

from django.urls import path

from siteloop.screens.board import views

urlpatterns = [path("", views.page, name="board")]
