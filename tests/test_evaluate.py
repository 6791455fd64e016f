"""``toolgym.evaluate`` from names and objects: what it refuses beforehand, and what a run says of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from toolgym import (
    Domain,
    Message,
    Run,
    evaluate,
    make_aec_env,
    make_agent,
    make_curriculum,
    make_domain,
    make_env,
    make_judge,
    make_user,
    make_vec_env,
    play,
    read_trajectories,
)
from toolgym.curricula.refreshers import NewTasks
from toolgym.errors import DataError, UnknownNameError
from toolgym.evaluation.grade import Verdict
from toolgym.prompts import wording_of
from toolgym.registration import agent_spec
from toolgym.registration.evaluate import evaluation_of
from toolgym.rollouts import Evaluation


@pytest.fixture(scope="module")
def mock() -> Domain:
    return make_domain("mock")


@pytest.mark.parametrize("make", [make_env, make_vec_env, make_aec_env, evaluate])
def test_a_domain_over_other_data_than_asked_for_is_refused(mock: Domain, make: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match=r"data='tau2' is for a domain that is given by name.*over 'toolgym' data"):
        make(mock, data="tau2")


@pytest.mark.parametrize("make", [make_env, make_vec_env, make_aec_env, evaluate])
def test_what_is_no_domain_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="the domain must be the name of one or a Domain, got 42"):
        make(42)
    with pytest.raises(DataError, match="the domain must be the name of one or a Domain, got 42"):
        make_curriculum("fixed", 42, "train")  # type: ignore[call-overload]  # what a type checker would tell


@pytest.mark.parametrize("side", ["agent", "user"])
def test_what_makes_no_agents_is_refused(tmp_path: Path, side: str) -> None:
    with pytest.raises(DataError, match=r"<object object at .* makes no agents or users; give an AgentSpec"):
        evaluate("mock", **{side: object()}, runs=tmp_path)  # type: ignore[arg-type]  # what a type checker would tell
    with pytest.raises(DataError, match=r"3 makes no agents or users"):
        make_env("mock", user=3)  # type: ignore[arg-type]  # what a type checker would tell
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"trials": 0}, "trials must be an int of at least 1, got 0"),
        ({"trials": 1.5}, "trials must be an int of at least 1, got 1.5"),
        ({"seed": -1}, "seed must be an int of at least 0, got -1"),
        ({"seed": "1"}, "seed must be an int of at least 0, got '1'"),
        ({"concurrency": 0}, "concurrency must be at least 1, got 0"),
        ({"void": "exclud"}, "void must be one of 'exclude', 'fail', 'refuse', got 'exclud'"),
        ({"tasks": "test-001"}, "tasks must be a list of ids, such as ['test-001'], got the text 'test-001'"),
        ({"resume": True}, "resume needs a name, that of the run to continue: name=…"),
        ({"split": "test", "pool": "x"}, "the split 'test' and the pool 'x' exclude each other"),
        ({"tasks": ["x"]}, "Looked in the split 'test' of 'mock'; name another split, or a pool."),
        ({"name": ""}, "the name '' of a run cannot be used"),
        ({"agent": ""}, "No agent named ''"),
        ({"user": ""}, "No user named ''"),
        ({"judge": ""}, "No judge named ''"),
        ({"agent_model": ""}, "the settings of the agent's model do not fit"),
    ],
)
def test_an_argument_that_does_not_fit_is_refused_before_anything_is_played(
    tmp_path: Path, given: dict[str, Any], told: str
) -> None:
    with pytest.raises((DataError, ValueError, UnknownNameError)) as caught:
        evaluate("mock", **{"trials": 1, "runs": tmp_path, **given})
    assert told in str(caught.value)
    assert list(tmp_path.iterdir()) == []


_MODEL = {"model": "some-model", "base_url": "http://localhost:9/v1"}


def _settings(mock: Domain, **players: Any) -> dict[str, Any]:
    """The settings of an evaluation as a run's manifest would have them."""
    return evaluation_of(mock, "test", **players).settings.as_dict()


def test_a_run_says_the_models_of_agents_users_and_judges_that_are_given_as_objects(mock: Domain) -> None:
    models = {f"{role}_model": _MODEL for role in ("agent", "user", "judge")}
    named = _settings(mock, agent="llm", user="llm", judge="llm", **models)
    made = _settings(
        mock, agent=make_agent("llm", _MODEL), user=make_user("llm", _MODEL), judge=make_judge("llm", _MODEL)
    )
    assert made == {**named, "judge": "LLMJudge"}
    assert (named["wording"], named["models"]["agent"]) == ("toolgym", _MODEL)


def test_a_run_of_an_agent_over_one_model_does_not_go_on_with_another(mock: Domain) -> None:
    first, second = (make_agent("llm", {**_MODEL, "model": name}) for name in ("first", "second"))
    assert _settings(mock, agent=first) != _settings(mock, agent=second)


def test_an_agent_keeps_the_words_that_it_brings_and_the_run_says_so(mock: Domain) -> None:
    theirs = replace(wording_of(mock), commit="0" * 40, files={"a": "0" * 64})
    made = evaluation_of(mock, "test", agent=make_agent("llm", _MODEL).bind(wording=theirs))
    assert (made.agent.bound["wording"], made.settings.wording) == (theirs, theirs.name)
    assert theirs.name != "toolgym"


def test_a_spec_whose_model_is_lacking_is_refused_or_given_one(mock: Domain) -> None:
    with pytest.raises(DataError, match="the agent 'llm' needs a model"):
        evaluation_of(mock, "test", agent=agent_spec("llm"))
    assert _settings(mock, agent=agent_spec("llm"), agent_model=_MODEL)["models"] == {"agent": _MODEL}


def test_a_judge_that_is_a_function_is_called_by_its_name(mock: Domain) -> None:
    def strict(assertions: Sequence[str], messages: Sequence[Message]) -> tuple[Verdict, ...]:
        return ()

    assert _settings(mock, judge=strict)["judge"] == _settings(mock, judge=partial(strict))["judge"] == "strict"


def test_a_run_is_named_by_a_text_wherever_it_is_read_or_begun(tmp_path: Path) -> None:
    played = evaluate("mock", agent="no-op", trials=1, tasks=["test-001"], runs=str(tmp_path))
    assert [row.task_id for row in read_trajectories(str(played.run))] == ["test-001"]
    assert len(Run.read(str(played.run))) == 1
    with Run.resume(str(played.run), played.settings) as again:
        assert len(again) == 1
    with Run.start(str(tmp_path / "new"), played.settings) as fresh:
        assert fresh.folder == tmp_path / "new"


def test_a_model_without_a_name_means_llm_in_environments_and_curricula_as_in_evaluations() -> None:
    env = make_env("mock", user_model=_MODEL, judge_model=_MODEL)
    assert (env.parts.user_name, type(env.parts.judge).__name__) == ("llm", "LLMJudge")
    sentinel = make_curriculum("sentinel", "mock", "train", analyst_model=_MODEL, proposer_model=_MODEL)
    assert isinstance(sentinel.refresher, NewTasks)
    assert type(sentinel.refresher.maker.proposer).__name__ == "LLMProposer"
    with pytest.raises(UnknownNameError, match="No option of the curriculum 'general' named 'analyst_model'"):
        make_curriculum("general", "mock", "train", args={"analyst_model": _MODEL})


def test_an_agent_whose_name_no_folder_can_have_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"the name '<lambda>' of a run's agent cannot be used.*AgentSpec\('mine', make=…\)"
    ):
        evaluate("mock", agent=lambda *given: make_agent("no-op")(*given), runs=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_episodes_are_played_by_what_makes_agents_not_by_names(mock: Domain) -> None:
    with pytest.raises(DataError, match=r"'minimal' makes no agents or users; give an AgentSpec, such as make_agent"):
        play(mock, mock.tasks["test"][0], make_agent("no-op"), "minimal")  # type: ignore[arg-type]  # what mypy tells


def test_an_evaluation_names_its_judge_and_none_that_is_not_there(mock: Domain) -> None:
    def strict(assertions: Sequence[str], messages: Sequence[Message]) -> tuple[Verdict, ...]:
        return ()

    players = make_agent("no-op"), make_user("minimal")
    assert Evaluation(mock, "test", *players, judge=strict).settings.judge == "strict"
    with pytest.raises(DataError, match="the judge is called 'llm', and there is none"):
        Evaluation(mock, "test", *players, judge_name="llm")


def test_an_evaluation_tells_how_the_agent_went_about_it(tmp_path: Path) -> None:
    results = evaluate("retail", agent="oracle", split="dev", trials=1, tasks=["dev-001"], runs=tmp_path)
    assert results.compliance is not None
    assert results.compliance.identified is not None
    assert results.compliance.identified.mean == 1.0
    assert results.as_dict()["compliance"] == results.compliance.as_dict()
