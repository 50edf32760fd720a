"""Pages of every register, made from its declaration. Mounted after the folders' own `urls.py`, which may replace any."""

from django.urls import path

from siteloop.framework import views

register = "<slug:label>/<slug:code>"

urlpatterns = [
    path("search", views.search_all, name="search"),
    path(f"{register}/", views.register_list, name="register-list"),
    path(f"{register}/new", views.register_form, name="register-new"),
    path(f"{register}/export", views.register_export, name="register-export"),
    path(f"{register}/import", views.register_import, name="register-import"),
    path(f"{register}/views", views.saved_views, name="register-views"),
    path(f"{register}/shape", views.list_shape, name="register-shape"),
    path(f"{register}/lookup/<slug:field>", views.lookup, name="register-lookup"),
    path(f"{register}/options", views.options, name="register-options"),
    path(
        f"{register}/actions/<slug:action>/lookup/<slug:field>",
        views.action_lookup,
        name="register-act-lookup",
    ),
    path(f"{register}/actions/<slug:action>", views.register_action, name="register-act"),
    path(f"{register}/<int:pk>/", views.register_detail, name="register-detail"),
    path(f"{register}/<int:pk>/edit", views.register_form, name="register-edit"),
    path(f"{register}/<int:pk>/delete", views.register_delete, name="register-delete"),
    path(f"{register}/<int:pk>/actions/<slug:action>", views.register_action, name="register-row-act"),
]
