"""The oracle's forms in a certificate: what they are, how many are played, and what a failure says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from toolgym import make_domain
from toolgym.agents.passive import NoOp
from toolgym.certificates import certify
from toolgym.certificates.certifier import FORMS, Funnel
from toolgym.certificates.stages import STAGES, forms_of
from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.tasks import Task

ORACLE = [stage for stage in STAGES if stage.name == "oracle"]


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def speaking(domain: Domain, played: list[str], deaf: Sequence[str] = (), **declared: Any) -> Domain:
    """The domain, whose oracle notes the forms in which it is played, and does nothing in some."""
    own = domain.agents["oracle"]

    def make(domain: Domain, task: Task, rng: np.random.Generator, wording: str | None = None) -> Agent:
        played.append(wording or "")
        return NoOp(domain, task, rng) if wording in deaf else own.bind(wording=wording)(domain, task, rng)

    spec = AgentSpec("oracle", make, privileged=True, **({"forms": own.forms} | declared))
    return replace(domain, agents={**domain.agents, "oracle": spec})


def test_the_oracle_is_played_in_its_own_words_and_in_every_form(retail: Domain) -> None:
    played: list[str] = []
    domain = speaking(retail, played)
    assert certify(domain, retail.tasks["dev"][:1], stages=ORACLE).ok
    assert played == ["", *retail.agents["oracle"].forms]


def test_where_there_are_no_forms_its_wordings_are_played(retail: Domain) -> None:
    played: list[str] = []
    domain = speaking(retail, played, forms=(), wordings=("plain", "formal"))
    assert certify(domain, retail.tasks["dev"][:1], stages=ORACLE).ok
    assert played == ["", "plain", "formal"]


def test_a_task_that_the_oracle_does_not_solve_in_a_form_is_refused_with_its_name(retail: Domain) -> None:
    domain = speaking(retail, [], deaf=["table"])
    (failure,) = certify(domain, retail.tasks["dev"][:1], stages=ORACLE).failed
    assert (failure.stage, failure.task) == ("oracle", retail.tasks["dev"][0].id)
    assert failure.reason.startswith("the oracle does not solve it in the form 'table': DB failed")


def test_the_forms_that_are_drawn_depend_on_the_task_alone_and_all_have_their_turn(retail: Domain) -> None:
    drawn = [forms_of(retail, task, 2) for task in retail.tasks["dev"]]
    assert drawn == [forms_of(retail, task, 2) for task in retail.tasks["dev"]]
    assert all(len(set(forms)) == 2 for forms in drawn)
    assert set(Counter(form for forms in drawn for form in forms)) == set(retail.agents["oracle"].forms)


def test_without_facts_or_an_oracle_of_its_own_there_is_no_form_to_play(retail: Domain) -> None:
    task = retail.tasks["dev"][0]
    assert forms_of(retail, task.model_copy(update={"facts": None})) == ()
    assert forms_of(replace(retail, agents={}), task) == ()


def test_a_curriculum_checks_in_two_forms_and_what_ships_in_all(retail: Domain) -> None:
    assert Funnel().forms == FORMS == 2
    assert len(forms_of(retail, retail.tasks["dev"][0])) == 10


def test_a_negative_number_of_forms_is_refused(retail: Domain) -> None:
    with pytest.raises(ValueError, match="forms=-1 of the oracle cannot be played; give 0 or more"):
        Funnel(-1)
    with pytest.raises(ValueError, match="forms=-1 of the oracle cannot be played; give 0 or more"):
        certify(retail, (), forms=-1)
