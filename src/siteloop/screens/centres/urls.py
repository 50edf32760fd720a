"""Paths of the four centres and of the records behind their numbers."""

from django.urls import path

from siteloop.screens.centres import decision, disposal, evaluation, events, records

urlpatterns = [
    path("", events.home, name="centres"),
    path("events/", events.page, name="centres-events"),
    path("events/export", events.export, name="centres-events-export"),
    path("disposal/", disposal.page, name="centres-disposal"),
    path("disposal/export", disposal.export, name="centres-disposal-export"),
    path("evaluation/", evaluation.page, name="centres-evaluation"),
    path("decision/", decision.page, name="centres-decision"),
    path("decision/export", decision.export, name="centres-decision-export"),
    path("records/", records.page, name="centres-records"),
    path("records/export", records.export, name="centres-records-export"),
]
