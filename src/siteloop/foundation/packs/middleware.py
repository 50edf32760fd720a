"""One look at the packs serves a whole page: its panels, badges and terms all ask what counts where."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from siteloop.foundation.packs import resolve

#: these change nothing, so nothing they read can have become old through them
READS = frozenset({"GET", "HEAD"})


def one_book(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a read inside one book of packs: two queries, however many values the page asks for."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method not in READS:
            return get_response(request)
        with resolve.reading():
            return get_response(request)

    return answer
