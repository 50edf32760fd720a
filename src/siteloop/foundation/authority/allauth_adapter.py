"""Accounts are given by an authority, never registered by oneself."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class NoSelfRegistration(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes the sign-up door of allauth; MFA and OIDC stay."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False
