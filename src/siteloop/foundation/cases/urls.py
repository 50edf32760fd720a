"""Pages of the case register that the generic ones do not serve."""

from django.urls import path

from siteloop.foundation.cases import views

urlpatterns = [path("cases/<int:pk>/", views.case_page, name="case-page")]
