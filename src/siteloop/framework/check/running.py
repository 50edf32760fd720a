"""All rules over all folders. Needs a configured Django."""

from collections.abc import Callable, Iterable

from siteloop.framework.check import declarations, doors, glossary, manifests
from siteloop.framework.check.folders import Folder, Problem, folders

RULES: tuple[Callable[[Folder], Iterable[Problem]], ...] = (
    manifests.manifest_is_complete,
    manifests.manifest_is_pure,
    manifests.requirements_exist,
    manifests.app_is_named,
    manifests.tests_exist,
    manifests.tier_is_proven,
    declarations.pages_name_real_fields,
    declarations.actions_have_a_sentence,
    declarations.detectors_are_tested_both_ways,
    glossary.words_have_english,
    glossary.english_tells_apart,
    doors.no_way_round_the_scope,
    doors.writes_go_through_actions,
    doors.reasons_are_given,
)


def run_checks(only: str = "") -> list[Problem]:
    """Problems of every folder, or of the one named; an empty list is the goal."""
    chosen = [f for f in folders() if only in ("", f.name)]
    if only and not chosen:
        return [Problem("folder", only, "there is no such folder")]
    found = [problem for folder in chosen for rule in RULES for problem in rule(folder)]
    whole = () if only else glossary.the_glossary_is_one()
    return [*found, *whole, *declarations.migrations_are_current()]
