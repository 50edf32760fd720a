"""Paths of a document's files, and the public page that verifies it."""

from django.urls import path

from siteloop.foundation.documents import public, views

urlpatterns = [
    path("documents/<int:pk>/pdf", views.pdf, name="document-pdf"),
    path("documents/<int:pk>/word", views.word, name="document-word"),
]
root_urlpatterns = [
    path("verify/", public.ask, name="verify"),
    path("verify/<str:code>", public.verify, name="verify-document"),
]
