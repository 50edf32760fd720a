"""Forms of every register: what is chosen is not typed, and what is missing is asked for in words."""

import pytest
from django.apps import apps

from siteloop.framework import perform
from siteloop.framework.action import Refused
from siteloop.framework.forms import inputs_of
from siteloop.framework.pages_found import all_pages, field_at
from siteloop.framework.viewer import system_viewer


@pytest.mark.django_db
def test_what_has_choices_is_chosen_also_where_it_is_a_number():
    seen = 0
    for page in all_pages():
        for _, fields in inputs_of(page, None, None, {}, system_viewer("a test")):
            for one in fields:
                if getattr(field_at(page.model, one.name), "choices", None):
                    assert one.kind == "choice", f"{page.title}: {one.title}"
                    seen += 1
    assert seen, "there are such fields"


@pytest.mark.django_db
def test_an_empty_field_is_asked_for_in_words_not_called_null():
    with pytest.raises(Refused) as no:
        perform.create(apps.get_model("regions.Zone"), system_viewer("a test"), {})
    told = [words for messages in no.value.errors.values() for words in messages]
    assert told and set(told) == {"请填写"}
