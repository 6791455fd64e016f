"""Calls for curricula that a type checker must refuse, each with the code of its error; see test_typing."""

from toolgym import Domain, make_curriculum
from toolgym.curricula import general, learn_from, learnability, raft, sentinel
from toolgym.curricula.samplers import ByRound


def by_name(domain: Domain) -> None:
    make_curriculum("raft", "mock", "train", basee=1)  # error: call-overload
    make_curriculum("raft", "mock", "train", base=0.5)  # error: call-overload
    make_curriculum("raft", "mock", "train", restart="best")  # error: call-overload
    make_curriculum("sentinel", "mock", "train", seed="1")  # error: call-overload
    make_curriculum("sentinel", "mock", "train", proposing=False)  # error: call-overload
    make_curriculum("fixed", "mock", "train", seed=1)  # error: call-overload
    make_curriculum("learnability", "mock", "train", analyst="rules")  # error: call-overload
    make_curriculum("general", "mock", "train", analyst_model="m")  # error: call-overload
    make_curriculum("of-another-package", domain, "train", step=2)  # error: call-overload


def by_function(domain: Domain) -> None:
    sentinel(domain, "train", basee=0.5, seeds=3)  # error: call-arg
    raft(domain, "train", recency="new")  # error: arg-type
    general(domain, "train", analyst="rules")  # error: call-arg
    learnability(domain, "train", folder=3)  # error: arg-type
    learn_from(sentinel(domain, "train"), "run", splitt="train")  # error: call-arg
    ByRound(recency=1.0).recency = 2.0  # error: misc
