"""Whatever is declared is declared everywhere: actions, workflows, texts and roles agree."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from evaka import city
from evaka.access import reaches
from evaka.actions import ACTIONS
from evaka.models.base import Model
from evaka.texts import LANGUAGES, words
from evaka.views.city.words import permissions

WORKFLOWS = {
    mapper.class_.feature_name(): mapper.class_.workflow
    for mapper in Model.registry.mappers if getattr(mapper.class_, "workflow", None)
}


@pytest.fixture(autouse=True)
def _harjula():
    city.choose("harjula")


@pytest.mark.parametrize("key", sorted(ACTIONS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_action_has_words_for_its_button_and_for_each_input(key, language):
    missing = {key} | {f"{key}.{name}" for name in ACTIONS[key].inputs}
    assert not missing - words(language).keys()


@pytest.mark.parametrize("key", sorted(ACTIONS))
def test_an_action_may_be_done_by_somebody_beside_the_administrator_or_is_the_administrators_own(key):
    """An action that no pattern of the roles' table names is dead, or open to nobody by mistake."""
    named = [role for role in city.read("roles") if role != "admin" and reaches(role, key)]
    assert named or key.startswith(("user.", "journal.", "unit.", "person.", "city."))


def test_every_feature_has_a_name_on_the_screen_of_rights():
    features = {key.partition(".")[0] for key in permissions()}
    assert {one for one in features if not {f"feature.{one}", f"menu.{one}"} & words("fi").keys()} == set()


@pytest.mark.parametrize("feature", sorted(WORKFLOWS))
def test_every_move_of_a_workflow_has_its_action(feature):
    made_by_others = {  # moves that another row's action makes
        "placement.propose", "placement.withdraw", "placement.cancel", "placement.decide",
        "application.decline", "application.accept", "application.reject", "invoice.replace",
            "decision.send",
    }
    assert not {f"{feature}.{verb}" for verb in WORKFLOWS[feature].moves} - ACTIONS.keys() - made_by_others


def test_every_language_has_the_same_keys():
    first, *others = LANGUAGES
    for language in others:
        assert words(language).keys() ^ words(first).keys() == set()


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_the_gaps_of_a_sentence_are_the_same_in_every_language(language):
    wrong = {key for key, text in words(LANGUAGES[0]).items() if gaps(text) != gaps(words(language)[key])}
    assert wrong == set()


SAID = re.compile(r"""\b(?:say|told|Lazy|Refused|Denied|Stale)\(\s*["']([a-z_]+(?:\.[a-z0-9_]+)*)["']""")
FILES = [*Path("evaka").rglob("*.py"), *Path("templates").rglob("*.html")]


def test_every_key_that_the_program_says_has_words():
    said = {key for path in FILES for key in SAID.findall(path.read_text(encoding="utf-8"))}
    assert len(said) > 100
    assert said - words("fi").keys() == set()
