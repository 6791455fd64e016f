"""The habits of a scripted user: they change how it speaks and haggles, never what it wants or what is right."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from library_reader import Facts, LibraryReader, Request, Talk, reader

from toolgym import make_agent, make_domain, make_user, play
from toolgym.domain import AgentSpec
from toolgym.episode.machine import Episode
from toolgym.errors import DataError, TaskError, UnknownNameError
from toolgym.evaluation.compliance import Compliance
from toolgym.failures.rules import RulesAnalyst
from toolgym.language.consent import says_no, says_yes
from toolgym.messages import STOP, STOP_MARKS
from toolgym.scripted.habits import DIALS, PRESETS, Habits, HabitsLike, habits_of
from toolgym.scripted.typos import words_of
from toolgym.scripted.user import ScriptedUser
from toolgym.scripted.voice import Phrases, Voice

RETAIL = make_domain("retail")
SOME = RETAIL.tasks["test"][::14]
FULLEST: dict[str, HabitsLike] = {
    **{dial: {dial: 1} for dial in DIALS},
    "much": Habits(forthcoming=1, pushback=1, tangents=1, impatience=1, typos=1, wordy=1),
    "little": Habits(reticent=1, pushback=1, tangents=1, impatience=1, typos=1, terse=1),
    "difficult": "difficult",
    "drawn": "drawn",
}


@cache
def played(name: str, seed: int = 3) -> tuple[Episode, ...]:
    """Some tasks of the shop with its oracle and a customer of some habits, or of none that are given."""
    customer = make_user("scripted", domain=RETAIL, habits=FULLEST.get(name))
    return tuple(play(RETAIL, task, make_agent("oracle"), customer, seed=seed) for task in SOME)


def said(episode: Episode) -> list[str]:
    return [message.content or "" for message in episode.messages if message.role == "user"]


# What may be chosen


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("plain", Habits()),
        ("careless", PRESETS["careless"]),
        ("typos=1,terse=0.5", Habits(typos=1, terse=0.5)),
        ({"typos": 1}, Habits(typos=1)),
        (Habits(pushback=1), Habits(pushback=1)),
        ("drawn", "drawn"),
    ],
)
def test_habits_are_a_name_dials_or_themselves(given: HabitsLike, found: object) -> None:
    assert habits_of(given) == found


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ("carless", UnknownNameError, "No habits named 'carless'. Did you mean 'careless'?"),
        ("typo=1", UnknownNameError, "No habit named 'typo'. Did you mean 'typos'?"),
        ({"typo": 1}, UnknownNameError, "Did you mean 'typos'?"),
        ("typos=much", DataError, "the habit typos must be a number from 0 to 1, got 'much'"),
        ("typos=1,typos=0", DataError, "the habit typos is given twice"),
        ("typos=1.5", DataError, "the habit typos must be a number from 0 to 1, got 1.5"),
        ("typos=nan", DataError, "from 0 to 1, got nan"),
        ({"typos": True}, DataError, "from 0 to 1, got True"),
        ("terse=0.7,wordy=0.7", DataError, "terse and wordy exclude each other .* sum to 1.4; give at most 1"),
        (7, DataError, "habits must be one of 'plain', .*'drawn', Habits.* got 7"),
    ],
)
def test_habits_that_do_not_fit_are_refused(given: HabitsLike, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        habits_of(given)


def test_habits_as_text_are_read_again_as_they_were() -> None:
    drawn = [Habits.draw(np.random.default_rng(seed)) for seed in range(50)]
    assert len({*drawn}) > 40
    for habits in (*drawn, *PRESETS.values()):
        assert habits_of(str(habits) or "plain") == habits
    assert str(Habits()) == ""


def test_every_dial_is_drawn_now_and_then_and_all_of_its_range() -> None:
    drawn = [Habits.draw(np.random.default_rng(seed)) for seed in range(400)]
    for dial in DIALS:
        values = [getattr(one, dial) for one in drawn if getattr(one, dial)]
        assert 80 < len(values) < 240, dial
        assert min(values) < 0.1, dial
        assert max(values) > 0.9, dial


@pytest.mark.parametrize("user", ["minimal", "human"])
def test_a_user_without_habits_takes_none(user: str) -> None:
    with pytest.raises(DataError, match=rf"the user '{user}' has no habits, and habits='careless' was given"):
        make_user(user, habits="careless")


def test_a_user_of_a_domain_that_is_no_scripted_user_says_so() -> None:
    own = replace(RETAIL, users={"scripted": AgentSpec("scripted", lambda domain, task, rng: object())})  # type: ignore[arg-type]  # no agent
    task = RETAIL.tasks["test"][0]
    with pytest.raises(TaskError, match="is a object of its own, which has no habits"):
        make_user("scripted", domain=own, habits="careless")(own, task, np.random.default_rng(0))


# What stays as it is


def test_plain_habits_are_those_that_nobody_gave() -> None:
    plain = make_user("scripted", domain=RETAIL, habits="plain")
    for task, usual in zip(SOME, played("none"), strict=True):
        assert play(RETAIL, task, make_agent("oracle"), plain, seed=3).messages == usual.messages


@pytest.mark.parametrize("name", FULLEST)
def test_the_oracle_solves_every_task_with_habits_at_their_fullest(name: str) -> None:
    for episode in played(name):
        assert episode.grade.success, (episode.task.id, said(episode))


@pytest.mark.parametrize("name", FULLEST)
def test_habits_show_in_what_is_said(name: str) -> None:
    changed = [said(one) != said(usual) for one, usual in zip(played(name), played("none"), strict=True)]
    assert sum(changed) > len(changed) / 4


@pytest.mark.parametrize("name", FULLEST)
def test_the_same_seed_gives_the_same_words(name: str) -> None:
    customer = make_user("scripted", domain=RETAIL, habits=FULLEST[name])
    for task, before in zip(SOME[:5], played(name), strict=False):
        again = play(RETAIL, task, make_agent("oracle"), customer, seed=3)
        assert again.messages == before.messages


@pytest.mark.parametrize("name", ["drawn", "much"])
def test_the_first_line_depends_on_the_task_alone_and_the_rest_on_the_seed(name: str) -> None:
    pairs = list(zip(played(name), played(name, seed=4), strict=True))
    assert all(said(one)[0] == said(other)[0] for one, other in pairs)
    assert sum(said(one)[1:] != said(other)[1:] for one, other in pairs) > len(pairs) / 2


def test_what_is_added_moves_no_other_draw() -> None:
    for one, usual in zip(played("tangents"), played("none"), strict=True):
        assert len(said(one)) == len(said(usual))
        for more, text in zip(said(one), said(usual), strict=True):
            assert more.startswith(text)


# How it is understood


@pytest.mark.parametrize("name", FULLEST)
def test_every_yes_of_a_customer_with_habits_is_found_and_the_analyst_finds_no_fault(name: str) -> None:
    trajectories = [episode.trajectory() for episode in played(name)]
    compliance = Compliance.of(RETAIL, trajectories)
    assert compliance.consent is not None
    assert compliance.consent.mean == 1.0
    for task, one in zip(SOME, trajectories, strict=True):
        assert one.grade is not None
        failed = replace(one, grade=replace(one.grade, success=False))
        assert RulesAnalyst().explain_one(RETAIL, task, failed).findings == ()


@pytest.mark.parametrize("act", ["doubt", "insist_again", "tangent", "idle_question", "urge", "many_words"])
def test_nothing_that_a_habit_says_is_a_yes_or_a_no(act: str) -> None:
    for text in Phrases.read().say[act]["any"]:
        assert not says_yes(text), text
        assert not says_no(text), text


@pytest.mark.parametrize("act", ["tangent", "idle_question", "urge"])
def test_a_yes_stays_one_whatever_is_said_beside(act: str) -> None:
    phrases = Phrases.read().say
    for yes in (text for texts in phrases["yes"].values() for text in texts):
        for beside in phrases[act]["any"]:
            assert says_yes(f"{yes} {beside}"), (yes, beside)


def test_slips_are_in_ordinary_words_alone_and_in_many_of_them() -> None:
    slipped, words = 0, 0
    for one, usual in zip(played("typos"), played("none"), strict=True):
        known = {*words_of(one.task.facts)}
        for text, right in zip(said(one), said(usual), strict=True):
            pairs = list(zip(text.split(" "), right.split(" "), strict=True))
            words += len(pairs)
            for typed, meant in pairs:
                if typed != meant:
                    slipped += 1
                    plain = meant.strip('.,!?;:()"')
                    assert re.fullmatch(r"[a-z]{5,}", plain), (typed, meant)
                    assert plain not in known, (typed, meant)
                    assert typed[0] == meant[0]
    assert words / 50 < slipped < words / 10


@pytest.mark.parametrize("name", FULLEST)
def test_the_end_of_a_dialogue_is_said_as_ever(name: str) -> None:
    for episode in played(name):
        assert said(episode)[-1].endswith(STOP_MARKS)


# What each habit does


def test_who_is_forthcoming_says_more_at_once_and_who_is_reticent_less() -> None:
    def openings(name: str) -> int:
        return sum(len(said(episode)[0]) for episode in played(name))

    assert openings("reticent") < openings("none") < openings("forthcoming")
    turns = {name: sum(len(said(one)) for one in played(name)) for name in ("reticent", "none", "forthcoming")}
    assert turns["reticent"] > turns["none"] > turns["forthcoming"]


def test_few_words_are_fewer_and_many_are_more() -> None:
    length = {name: sum(len(" ".join(said(one))) for one in played(name)) for name in ("terse", "none", "wordy")}
    assert length["terse"] < 0.95 * length["none"]
    assert length["wordy"] > 1.2 * length["none"]


DRUM = Request(kind="borrow", title="The Tin Drum")
OFFER = "I will lend you The Tin Drum. Shall I go ahead?"
REFUSAL = "I am sorry, I cannot lend The Tin Drum."


def talk(folder: Path, habits: Habits, *requests: Request, detail: str = "full") -> Talk:
    """A dialogue with a reader of the library who has habits."""
    user = reader(folder, Facts.model_validate({"name": "bo", "requests": requests, "detail": detail}))
    user.take_up(habits, np.random.default_rng(1), habits, np.random.default_rng(2))
    return Talk(user)


def test_a_right_proposal_is_questioned_once(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, Habits(pushback=1), DRUM)
    assert dialogue.say(OFFER) in Phrases.read().say["doubt"]["any"]
    assert says_yes(dialogue.say(OFFER))


@pytest.mark.parametrize("answer", ["Yes, I have checked all of it in our records.", "Shall I go ahead?"])
def test_who_questioned_a_proposal_agrees_when_it_is_affirmed(answer: str, tmp_path: Path) -> None:
    dialogue = talk(tmp_path, Habits(pushback=1), DRUM)
    dialogue.say(OFFER)
    assert says_yes(dialogue.say(answer))


def test_a_proposal_that_is_wrong_after_the_doubt_is_refused(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, Habits(pushback=1), DRUM)
    dialogue.say(OFFER)
    assert says_no(dialogue.say(OFFER.replace("The Tin Drum", "The Waves")))


def test_a_refusal_is_questioned_twice(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, Habits(pushback=1), DRUM)
    assert STOP not in dialogue.say(REFUSAL)
    assert dialogue.say(REFUSAL) in Phrases.read().say["insist_again"]["any"]
    assert dialogue.say(REFUSAL).endswith(STOP)


def test_what_was_refused_is_let_go_when_the_assistant_goes_on(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, Habits(pushback=1), DRUM)
    dialogue.say(REFUSAL)
    dialogue.say(REFUSAL)
    assert dialogue.say("Is there anything else that I can do for you?").endswith(STOP)


def test_the_oracle_goes_on_after_a_refusal_that_is_insisted_on() -> None:
    customer = make_user("scripted", domain=RETAIL, habits={"pushback": 1, "reticent": 1})
    refused = [
        task
        for split in ("validation", "test")
        for task in RETAIL.tasks[split]
        if task.facts and task.facts.get("upfront", 1) > 1 and task.facts["requests"][0].get("forbidden")
    ]
    assert len(refused) > 2
    for task in refused:
        assert play(RETAIL, task, make_agent("oracle"), customer, seed=3).grade.success, task.id


def test_who_is_impatient_puts_up_with_one_wrong_proposal(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, Habits(impatience=1), DRUM)
    wrong = OFFER.replace("The Tin Drum", "The Waves")
    assert STOP not in dialogue.say(wrong)
    assert dialogue.say(wrong).endswith(STOP)


def test_a_domain_words_habits_in_its_own_phrases(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('keep = ["Borrow"]\n[say.urge]\nany = ["The library closes at six."]\n')
    phrases = Phrases.read(file)
    assert phrases.say["urge"] == {"any": ["The library closes at six."]}
    assert phrases.say["tangent"] == Phrases.read().say["tangent"]
    assert {"borrow", "please"} <= phrases.keep
    file = tmp_path / "odd.toml"
    file.write_text('keep = "borrow"\n')
    with pytest.raises(DataError, match="keep is 'borrow'; give a list"):
        Phrases.read(file)


def test_what_would_take_a_yes_back_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[ask]\nborrow = ["lend me {title}"]\n[say.urge]\nany = ["No, wait, not that one."]\n')
    facts = Facts.model_validate({"name": "bo", "requests": [DRUM], "detail": "full"})
    voices = [Voice("plain", np.random.default_rng(seed), Phrases.read(file)) for seed in (1, 2)]
    user = ScriptedUser(facts, LibraryReader(facts), *voices)
    user.take_up(Habits(impatience=1), np.random.default_rng(1), Habits(), np.random.default_rng(2))
    reply = Talk(user).say(OFFER)
    assert says_yes(reply)
    assert "wait" not in reply


# Other domains, without a line of their own


def test_the_user_of_another_domain_has_habits_too() -> None:
    mock = make_domain("mock")
    difficult = make_user("scripted", domain=mock, habits="difficult")
    for task in mock.tasks["test"]:
        usual = play(mock, task, mock.agents["talking-oracle"], make_user("scripted", domain=mock))
        with_habits = play(mock, task, mock.agents["talking-oracle"], difficult)
        assert with_habits.grade.success == usual.grade.success
        assert said(with_habits) != said(usual)
