"""Rules about words: what a register draws has its English, one word for one term, and no term that nobody speaks."""

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.functional import Promise

from siteloop.framework import english, pages_found
from siteloop.framework.check import sentences
from siteloop.framework.check.folders import Folder, Problem
from siteloop.framework.page import Page

#: (Chinese, where it stands)
Word = tuple[str, str]


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return any("\u3400" <= sign <= "\u9fff" for sign in text)


def words_of(label: str) -> Iterator[Word]:
    """Every word without English of its own beside it: what the models, registers and refusals of an app say."""
    config = apps.get_app_config(label)
    yield from sentences.said_in(Path(config.path))
    for model in config.get_models():
        yield str(model._meta.verbose_name), model.__name__
        for field in _fields(model):
            where = f"{model.__name__}.{field.name}"
            spoken = [field.verbose_name, field.help_text, *(title for _, title in field.flatchoices)]
            # a lazy word is one of Django's own, which translates itself
            yield from ((str(word), where) for word in spoken if not isinstance(word, Promise))
    for page in pages_found.pages_of(label):
        yield from _of_page(page)
    yield from _of_data(config.name)


def _of_data(package: str) -> Iterator[Word]:
    """What a folder's data files and tables say: `spoken.py`, found by name, whose `words()` yields them."""
    if importlib.util.find_spec(f"{package}.spoken") is not None:
        yield from importlib.import_module(f"{package}.spoken").words()


def _fields(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    return [*model._meta.concrete_fields, *model._meta.many_to_many]


def _of_page(page: Page) -> Iterator[Word]:
    titled: list[Any] = [page, *pages_found.columns(page), *page.sections, *page.panels, *page.actions]
    titled += [asked for action in page.actions for asked in action.fields]
    spoken = [one.title for one in titled if not one.title_en] + [page.help]
    spoken += [] if page.empty_en else [page.empty]
    for action in page.actions:
        spoken.append(action.confirm)
        for asked in action.fields:
            spoken += [asked.help, *(title for _, title in asked.choices)]
    yield from ((word, page.code) for word in spoken if not isinstance(word, Promise))


def words_have_english(folder: Folder) -> Iterator[Problem]:
    """What the folder's models, registers and refusals say, stands in the glossary."""
    yield from _missing(folder.name, folder.where)


def _missing(label: str, where: str) -> Iterator[Problem]:
    wanted = dict(reversed([one for one in words_of(label) if is_chinese(one[0])]))
    for word, place in sorted(wanted.items()):
        if not english.terms().get(word):
            yield Problem("english", f"{where}/{english.NAME}", f"no English for “{word}” ({place})")


def english_tells_apart(folder: Folder) -> Iterator[Problem]:
    """Two fields of a model, or two choices of a field, do not share one English word: files are read by it."""
    for model in apps.get_app_config(folder.name).get_models():
        fields = _fields(model)
        spoken = [(model.__name__, [str(f.verbose_name) for f in fields])]
        spoken += [(f"{model.__name__}.{f.name}", [str(t) for _, t in f.flatchoices]) for f in fields]
        for where, words in spoken:
            yield from _alike(f"{folder.where}/{english.NAME}", where, sorted(set(words)))


def _alike(file: str, where: str, words: list[str]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for word in words:
        told = english.terms().get(word, word).casefold()
        if first.setdefault(told, word) != word:
            yield Problem("english", file, f"“{first[told]}” and “{word}” of {where} are both “{told}”")


def the_glossary_is_one() -> Iterator[Problem]:
    """The framework's own words are there; no two folders disagree about a term; every term is spoken by somebody."""
    yield from _missing("framework", "framework")
    spoken = {word for label in english.by_app() for word, _ in words_of(label)}
    first: dict[str, str] = {}
    for label, terms in english.by_app().items():
        for zh, en in terms.items():
            other = first.setdefault(zh, label)
            told = english.by_app()[other][zh]
            if told != en:
                yield Problem("english", label, f"“{zh}” is “{en}” here and “{told}” in {other}")
            if zh not in spoken:
                yield Problem("english", label, f"“{zh}” is said by nobody")
