"""The scripted user of any domain, played by a library's reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from library_reader import TOPICS, Facts, LibraryReader, Request, Talk, reader

from toolgym.errors import TaskError
from toolgym.messages import STOP, ToolCall
from toolgym.scripted.facts import settled, stages
from toolgym.scripted.reader import Moment
from toolgym.scripted.voice import Phrases, Voice
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


class Dreamer(LibraryReader):
    """A reader with nothing to call "which one?", without a name, who looks at its shelf when it is told to."""

    topics = replace(TOPICS, things="")

    def answer(self, topic: str, wish: Request, voice: Voice, asked: int) -> str:
        return {"ask_title": f"It is {wish.title}."}[topic]

    def identity(self, text: str, voice: Voice) -> str:
        return ""

    def act(self, now: Moment[Request]) -> ToolCall | None:
        looks = "look at your shelf" in now.text and not now.results
        return ToolCall("put_on_shelf", {"title": "Emma"}) if looks else None

    def tell(self, now: Moment[Request]) -> str:
        return "My shelf is empty."


def dreamer(folder: Path) -> Talk:
    facts = Facts(name="bo", requests=(DRUM,), detail="full")
    return Talk(reader(folder, facts, Dreamer(facts)))


def test_where_no_topic_is_which_one_it_tells_its_wish_when_more_was_named(tmp_path: Path) -> None:
    listed = "I have The Waves on the list of changes. Is that everything you want to borrow?"
    assert dreamer(tmp_path).say(listed) == "I'd like to borrow The Tin Drum."


def test_it_never_says_nothing_when_it_has_no_answer(tmp_path: Path) -> None:
    assert dreamer(tmp_path).say("Could you tell me your reader name?") == "I'd like to borrow The Tin Drum."


def test_what_it_saw_does_not_keep_it_from_answering_a_proposal(tmp_path: Path) -> None:
    dialogue = dreamer(tmp_path)
    wrong = dialogue.say("Please look at your shelf. I will lend you The Waves. Shall I go ahead?")
    assert wrong.startswith("My shelf is empty. ")
    assert wrong.endswith("It is The Tin Drum.")
    saw, _, consent = dialogue.say(f"Please look at your shelf again. {OFFER}").partition(". ")
    assert saw == "My shelf is empty"
    assert consents(consent)


def test_a_question_without_an_answer_is_refused_since_anything_would_answer_it() -> None:
    with pytest.raises(ValueError, match="a request of the kind 'question' has no answer; give both"):
        Facts(name="bo", requests=(Request(kind="question", question="who has Middlemarch"),))
    with pytest.raises(ValueError, match="a request of the kind 'question' has no question; give both"):
        Facts(name="bo", requests=(DRUM.model_copy(update={"first": Request(kind="question", answer="ada")}),))
