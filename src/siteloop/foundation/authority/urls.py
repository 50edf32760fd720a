"""Paths of signing in and of one's own account; they stand at the root.

Of allauth only what is used is open: the second factor, asking for the password again, and OIDC. Its own sign-in,
sign-up and password pages lead to ours, so that there is one door only.
"""

from allauth.account.views import account_inactive, logout, reauthenticate
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from siteloop.foundation.authority import account_pages, views

urlpatterns: list[URLPattern | URLResolver] = []
root_urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("language", views.language, name="language"),
    path("theme", views.theme, name="theme"),
    path("password", views.password, name="password"),
    path("account/", account_pages.own_account, name="own-account"),
    path("account/sessions/<int:pk>/end", account_pages.end_session, name="end-session"),
    path("account/sessions/end-others", account_pages.end_other_sessions, name="end-other-sessions"),
    path("accounts/login/", RedirectView.as_view(url="/sign-in", query_string=True), name="account_login"),
    path("accounts/signup/", RedirectView.as_view(url="/sign-in"), name="account_signup"),
    path("accounts/email/", RedirectView.as_view(url="/account/"), name="account_email"),
    path("accounts/password/change/", RedirectView.as_view(url="/password"), name="account_change_password"),
    path("accounts/logout/", logout, name="account_logout"),
    path("accounts/inactive/", account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", reauthenticate, name="account_reauthenticate"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/3rdparty/", include("allauth.socialaccount.urls")),
    path("accounts/", include("allauth.socialaccount.providers.openid_connect.urls")),
]
