"""Calls for curricula that a type checker must accept; see test_typing."""

from pathlib import Path

from toolgym import Budget, Curriculum, Domain, make_curriculum, refresh
from toolgym.curricula import Fixed, PoolCurriculum, general, learn_from, learnability, raft, sentinel
from toolgym.curricula.refreshers import NoTasks
from toolgym.curricula.samplers import ByLearnability


def by_name(name: str) -> None:
    fixed: Fixed = make_curriculum("fixed", "mock", "train")
    one: PoolCurriculum = make_curriculum("raft", "mock", "train", restart="last", recency=1.0, folder=Path("x"))
    make_curriculum("sentinel", "mock", "train", base=0.5, analyst="llm", analyst_model={"model": "m"}, seed=3)
    make_curriculum("sentinel", "mock", "train", controller=False, refresh_every=50, refresh_tasks=5)
    make_curriculum("general", "mock", "train", proposer="llm", proposer_model="m", pool="pools/x")
    any_of_them: Curriculum = make_curriculum(name, "mock", "train", args={"seed": 1, "step": 2})
    refresh(any_of_them, Budget(tasks=3))
    assert fixed.tasks == one.tasks


def by_function(domain: Domain) -> None:
    sentinel(domain, "train", base=0.5, use_proposer=False)
    raft(domain, domain.tasks["train"], disjoint_from=())
    general(domain, "train", refresh_every=3)
    mine = PoolCurriculum("mine", domain, "train", ByLearnability(), NoTasks(), prior=(1, 2))
    assert [one.new for one in learn_from(mine, "runs/a", Path("runs/b"))]
    assert learnability(domain, "train", seed=1).round == 0
