"""A conversation is an episode with its user, spoken to by whoever has a message, at a pace of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from toolgym import make_agent, make_domain, make_env, make_user
from toolgym.domain import Domain
from toolgym.episode.conversation import Conversation, ConversationParts, reply_all
from toolgym.errors import DataError, EpisodeError
from toolgym.limits import Limits
from toolgym.messages import Message
from toolgym.rewards import build_reward
from toolgym.rollouts import play


@pytest.fixture(scope="module")
def mock() -> Domain:
    return make_domain("mock")


def parts_of(domain: Domain, user: str = "minimal", **parts: object) -> ConversationParts:
    return ConversationParts(domain, make_user(user, domain=domain), build_reward("raft"), **parts)  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(("name", "user"), [("mock", "minimal"), ("retail", "scripted")])
def test_the_oracle_in_conversations_is_answered_and_paid_as_in_a_rollout(name: str, user: str) -> None:
    domain = make_domain(name)
    make_oracle, make_its_user = make_agent("oracle", domain=domain), make_user(user, domain=domain)
    for task in domain.tasks["test"][:6]:
        played = play(domain, task, make_oracle, make_its_user, seed=7, trial=2, terms=build_reward("raft"))
        talk = Conversation(parts_of(domain, user), task, trial=2, seed=7)
        since = len(played.prepared.history) or 1
        said = iter(message for message in played.messages[since:] if message.role == "assistant")
        talk.reply()
        while not talk.over:
            talk.say(next(said))
            talk.reply()
        assert talk.episode.messages == played.messages
        assert talk.success is played.grade.success is True
        assert talk.episode.rewards == played.rewards


def test_news_are_told_once_and_hold_nothing_that_the_caller_said(mock: Domain) -> None:
    talk = Conversation(parts_of(mock), mock.tasks["test"][0])
    talk.reply()
    assert [message.role for message in talk.news()] == ["system", "assistant", "user"]
    assert talk.news() == ()
    talk.say('{"name": "get_users", "arguments": {}}')
    assert [message.role for message in talk.news()] == ["tool"]
    talk.say("Shall I?")
    talk.reply()
    assert [message.role for message in talk.news()] == ["user"]
    assert len(talk.news(whole=True)) == len(talk.episode.view("assistant"))


def test_steps_are_handed_over_once_with_all_that_was_paid(mock: Domain) -> None:
    talk = Conversation(parts_of(mock), mock.tasks["test"][0])
    talk.reply()
    assert len(talk.steps()) == 1
    talk.say('{"name": "get_users", "arguments": {}}')
    talk.say('{"name": "get_users", "arguments": {}}')
    talk.give_up()
    steps = talk.steps()
    assert [step.reward_terms.get("assistant", {}).get("repeat", 0.0) < 0 for step in steps] == [False, True, False]
    assert talk.steps() == []


@pytest.mark.parametrize("speak", [lambda talk: talk.say("Hello?"), lambda talk: talk.give_up()])
def test_whoever_speaks_after_the_end_is_refused_with_its_reason(mock: Domain, speak: object) -> None:
    talk = Conversation(parts_of(mock), mock.tasks["test"][0])
    talk.reply()
    talk.give_up("max_steps")
    with pytest.raises(EpisodeError, match=r"max_steps.*make a new one"):
        speak(talk)  # type: ignore[operator]  # a parametrised lambda


def test_what_is_no_message_is_refused_and_changes_nothing(mock: Domain) -> None:
    talk = Conversation(parts_of(mock), mock.tasks["test"][0])
    talk.reply()
    before = list(talk.episode.messages)
    with pytest.raises(DataError, match="an action is text"):
        talk.say(3)  # type: ignore[arg-type]  # the mistake
    assert talk.episode.messages == before


def test_limits_and_the_rule_of_parsing_hold(mock: Domain) -> None:
    talk = Conversation(parts_of(mock, limits=Limits(max_steps=4), parsing="tau2"), mock.tasks["test"][0])
    talk.reply()
    talk.say("<think>Who?</think>Who is there?")
    assert talk.episode.messages[-1].content == "<think>Who?</think>Who is there?"
    talk.reply()
    talk.say("Still there?")
    assert talk.over
    assert talk.episode.termination == "max_steps"
    assert talk.success is False


class _Slow:
    """A user whose answers must be awaited; it notes how many are waited for at once."""

    waiting = most = 0

    async def respond(self, view: Sequence[Message]) -> Message:
        _Slow.waiting += 1
        _Slow.most = max(_Slow.most, _Slow.waiting)
        await asyncio.sleep(0.01)
        _Slow.waiting -= 1
        return Message("user", "Please do.")


def test_users_of_many_conversations_answer_at_once_and_only_those_whose_turn_it_is(mock: Domain) -> None:
    parts = ConversationParts(mock, lambda domain, task, rng: _Slow())
    talks = [Conversation(parts, task) for task in mock.tasks["test"][:5]]
    reply_all(talks)
    assert _Slow.most == 5
    talks[0].say("Shall I?")
    talks[3].say("Shall I?")
    lengths = [len(talk.episode.messages) for talk in talks]
    reply_all(talks)
    assert [len(talk.episode.messages) - before for talk, before in zip(talks, lengths, strict=True)] == [1, 0, 0, 1, 0]


def test_a_user_that_fails_voids_its_own_conversation_alone(mock: Domain) -> None:
    class Failing:
        def respond(self, view: Sequence[Message]) -> Message:
            raise RuntimeError("no line")

    good, bad = parts_of(mock), ConversationParts(mock, lambda domain, task, rng: Failing())
    talks = [Conversation(good, mock.tasks["test"][0]), Conversation(bad, mock.tasks["test"][0])]
    reply_all(talks)
    assert not talks[0].over
    assert talks[1].over
    assert talks[1].episode.fault is not None
    assert talks[1].success is None


def test_a_trajectory_says_who_played_and_which_trial(mock: Domain) -> None:
    talk = Conversation(parts_of(mock, split="test", user_name="minimal"), mock.tasks["test"][0], trial=3, seed=5)
    talk.reply()
    talk.give_up()
    made = talk.trajectory(agent="mine")
    assert (made.agent, made.user, made.split, made.trial, made.seed) == ("mine", "minimal", "test", 3, 5)


def test_an_environment_plays_the_same_conversation(mock: Domain) -> None:
    env = make_env("mock", user="minimal", reward="raft", debug=True)
    _, info = env.reset(seed=3, options={"task_id": "test-001"})
    assert info["task_id"] == "test-001"
    _, _, _, _, told = env.step("Done.")
    talk = Conversation(parts_of(mock), mock.tasks["test"][0])
    talk.reply()
    talk.say("Done.")
    talk.reply()
    assert told["success"] is talk.success
    assert [one.content for one in env.unwrapped.episode.messages] == [one.content for one in talk.episode.messages]  # type: ignore[attr-defined]  # ToolEnv's
