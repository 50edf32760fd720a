"""The wishes page replaces the generic register: a person has one row, one's own."""

from django.urls import path

from siteloop.foundation.notice import views

urlpatterns = [path("preferences/", views.preferences, name="notice-preferences")]
