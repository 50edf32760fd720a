"""Paths of the settings."""

from django.urls import path

from siteloop.screens.settings import backtest_views, system_views, trial_views, views

urlpatterns = [
    path("", views.page, name="settings"),
    path("system/", system_views.page, name="settings-system"),
    path("back-tests/<int:pk>/", backtest_views.one, name="settings-back-test"),
    path("rules/<str:key>/trial/", trial_views.page, name="settings-trial"),
    path("rules/<str:key>/back-tests/", backtest_views.page, name="settings-back-tests"),
    path("<slug:kind>/<str:key>/", views.one, name="settings-one"),
]
