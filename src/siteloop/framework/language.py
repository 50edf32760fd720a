"""Chinese first; English by a switch kept in the profile or a cookie. The browser's wish is not asked."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from siteloop.framework import english


def is_english() -> bool:
    """Whether English is the active language."""
    return translation.get_language() == "en"


def term(zh: str) -> str:
    """A word of a model in the active language: title of a field, choice, hint; the Chinese itself while nobody gave its English."""
    return english.terms().get(zh, zh) if is_english() else zh


def sentence(zh: str) -> str:
    """A refusal or an answer in the active language, with the values in it."""
    return english.sentence(zh) if is_english() else zh


def pick(zh: str, en: str = "") -> str:
    """The text in the active language; without a text of its own the English is the glossary's."""
    return (en or term(zh)) if is_english() else zh


class LanguageFromProfile:
    """Activates the language of the cookie; the sign-in writes the cookie from the profile."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_CODE)
        code = wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        translation.activate(code)
        request.LANGUAGE_CODE = code
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", code)
        return response
