"""Paths of the public portal."""

from django.urls import path

from siteloop.screens.portal import boards, complaints, credit, misconducts, views

urlpatterns = [
    path("", views.home, name="portal"),
    path("language/<slug:code>", views.language, name="portal-language"),
    path("draws/", views.draws, name="portal-draws"),
    path("draws/<slug:number>/", views.draw, name="portal-draw"),
    path("draws/<slug:number>/inputs.json", views.inputs, name="portal-inputs"),
    path("draws/<slug:number>/draw.json", views.record, name="portal-record"),
    path("algorithm/", views.algorithm, name="portal-algorithm"),
    path("replay_draw.py", views.script, name="portal-script"),
    path("publications/", views.publications, name="portal-publications"),
    path("credit/", credit.credit, name="portal-credit"),
    path("misconducts/", misconducts.misconducts, name="portal-misconducts"),
    path("boards/", boards.boards, name="portal-boards"),
    path("boards/<int:pk>/", boards.board, name="portal-board"),
    path("complaints/new", complaints.new, name="portal-complaint"),
    path("complaints/track", complaints.track, name="portal-track"),
]
