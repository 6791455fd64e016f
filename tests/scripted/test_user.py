"""The scripted user of any domain, played by a library's reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from library_reader import Facts, Request, Talk, reader

from toolgym.errors import TaskError
from toolgym.messages import STOP, ToolCall
from toolgym.scripted.facts import settled, stages
from toolgym.scripted.voice import Phrases
from toolgym.tasks import Task

DRUM = Request(kind="borrow", title="The Tin Drum")
OFFER = "I will lend you The Tin Drum. Shall I go ahead?"
DONE = "I have lent you The Tin Drum. Is there anything else?"


def talk(folder: Path, *requests: Request, shelf: tuple[str, ...] = ()) -> Talk:
    return Talk(reader(folder, Facts(name="bo", requests=requests, detail="full", shelf=shelf)))


def consents(reply: str) -> bool:
    return reply in {phrase for phrases in Phrases.read().say["yes"].values() for phrase in phrases}


def test_it_opens_with_what_it_wants_and_ends_when_that_is_done(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, DRUM)
    assert dialogue.opening.endswith("I'd like to borrow The Tin Drum.")
    assert consents(dialogue.say(OFFER))
    assert dialogue.say(DONE).endswith(STOP)


def test_it_answers_what_the_domain_may_ask_for(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, DRUM)
    assert dialogue.say("Could you tell me your reader name?") == "My reader name is bo."
    assert dialogue.say("Which book would you like?") == "It is The Tin Drum."


def test_it_corrects_a_wrong_proposal_and_gives_up_at_the_third(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, DRUM)
    wrong = OFFER.replace("The Tin Drum", "The Waves")
    for _ in range(2):
        assert dialogue.say(wrong).endswith("It is The Tin Drum.")
    assert dialogue.say(wrong).endswith(STOP)


def test_it_takes_the_alternative_when_it_cannot_have_what_it_wants(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, DRUM.model_copy(update={"otherwise": Request(kind="borrow", title="Middlemarch")}))
    assert dialogue.say("I am sorry, The Tin Drum cannot be lent.").endswith("I'd like to borrow Middlemarch.")
    assert consents(dialogue.say("I will lend you Middlemarch. Shall I go ahead?"))


def test_it_insists_once_on_what_it_cannot_have(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, DRUM)
    refusal = "I am sorry, I cannot lend The Tin Drum."
    assert STOP not in dialogue.say(refusal)
    assert dialogue.say(refusal).endswith(STOP)


def test_it_changes_its_mind_when_what_it_wanted_first_is_proposed(tmp_path: Path) -> None:
    waves = Request(kind="borrow", title="The Waves")
    dialogue = talk(tmp_path, DRUM.model_copy(update={"first": waves}))
    assert dialogue.opening.endswith("borrow The Waves.")
    assert dialogue.say("I will lend you The Waves. Shall I go ahead?").endswith("borrow The Tin Drum.")


def test_it_brings_up_its_second_request_and_hears_the_answer_of_a_question(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, DRUM, Request(kind="question", question="who has Middlemarch", answer="ada"))
    dialogue.say(OFFER)
    assert "who has Middlemarch" in dialogue.say(DONE)
    assert dialogue.say("That is ada. Anything else?").endswith(STOP)


def test_it_makes_its_own_calls_before_it_says_goodbye(tmp_path: Path) -> None:
    dialogue = talk(tmp_path, DRUM, shelf=("The Tin Drum",))
    dialogue.say(OFFER)
    assert dialogue.calls == []
    assert dialogue.say(DONE).endswith(STOP)
    (call,) = dialogue.calls
    assert call == ToolCall("put_on_shelf", {"title": "The Tin Drum"}, call.id, "user")


def test_stages_and_what_a_request_comes_to() -> None:
    other = Request(kind="borrow", title="Middlemarch")
    wish = DRUM.model_copy(update={"first": Request(kind="borrow", title="The Waves"), "otherwise": other})
    assert [stage.title for stage in stages(wish)] == ["The Waves", "The Tin Drum", "Middlemarch"]
    assert settled(wish) is other


@pytest.mark.parametrize(
    ("facts", "said"),
    [(None, "has no facts for the scripted user"), ({"name": "bo", "requests": []}, "'t-1' do not fit")],
)
def test_a_task_whose_facts_do_not_fit_says_so(facts: dict[str, object] | None, said: str) -> None:
    task = Task.model_validate({"id": "t-1", "user_scenario": {"instructions": "."}, "facts": facts})
    with pytest.raises(TaskError, match=said):
        Facts.of(task)
