"""What playing with a policy costs, against the forward passes of the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from toolgym import make_domain, make_user
from toolgym.episode.conversation import ConversationParts
from toolgym.errors import DataError
from toolgym.limits import Limits
from toolgym_trainers.policies.cache import Forward
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.policies.sampler import Sampler
from toolgym_trainers.policies.session import Job
from toolgym_trainers.policies.tiny import TinySettings, make_tiny, vocabulary
from toolgym_trainers.sampling_bench import (
    RecordedSampler,
    measure_policy,
    measure_sampling,
    replay,
)

SMALL = TinySettings(width=32, layers=2, heads=4, key_heads=2, inner=48, context=512, induction=False)


def random_policy() -> Policy:
    """A random policy for the mock domain."""
    domain = make_domain("mock")
    return make_tiny(domain, vocabulary(domain, ["yes no the task is done"] * 5), SMALL)


def parts() -> ConversationParts:
    """Short conversations of the mock domain."""
    return ConversationParts(make_domain("mock"), make_user("scripted"), limits=Limits(max_steps=12))


def jobs(count: int) -> list[Job]:
    """Trials of one task."""
    return [Job(make_domain("mock").tasks["test"][0], trial) for trial in range(count)]


def test_the_passes_of_a_run_are_made_again_with_the_same_logits() -> None:
    policy = random_policy()
    seen: list[Any] = []
    sampler = RecordedSampler(policy, parts(), rows=6, most=8)
    plain = Sampler(policy, parts(), rows=6, most=8)
    assert [one.record for one in sampler.play(jobs(14))] == [one.record for one in plain.play(jobs(14))]
    assert sampler.costs.passes == plain.costs.passes
    with Forward(policy.model, sampler.started_with, sampler.context) as forward:
        seen = [one(forward) for one in sampler.passes]
    logits = [one for one in seen if one is not None]
    assert len(logits) == sampler.costs.passes
    assert len(seen) > len(logits)  # rows were given up as episodes ended
    assert replay(policy, sampler.passes, sampler.started_with, sampler.context) > 0
    with Forward(policy.model, sampler.started_with, sampler.context) as forward:
        again = [one(forward) for one in sampler.passes]
    assert all(torch.equal(one, other) for one, other in zip(logits, (x for x in again if x is not None), strict=True))


def test_all_cases_are_measured_and_the_whole_costs_more_than_its_passes() -> None:
    report = measure_sampling(random_policy(), parts(), jobs(6), rows=4, repeats=2)
    assert set(report.cases) == {"episode", "forward", "world", "choosing"}
    assert report.cases["episode"].median_us > report.cases["forward"].median_us > 0
    assert {case.n for case in report.cases.values()} == {12}
    assert report.ratios["episode / forward"] > 1
    assert report.ratios["tokens an episode"] > 20


def test_a_policy_in_a_folder_is_measured_on_a_domains_tasks(tmp_path: Path) -> None:
    random_policy().save(tmp_path)
    report = measure_policy(make_domain("mock"), str(tmp_path), episodes=3, rows=3)
    assert report.cases["episode"].n == 9
    with pytest.raises(DataError, match="no policy can be loaded"):
        measure_policy(make_domain("mock"), str(tmp_path / "none"))
    with pytest.raises(ValueError, match="at least one"):
        measure_sampling(random_policy(), parts(), [])
