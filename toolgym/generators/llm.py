"""A proposer whose tasks are worded by a language model."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from toolgym.concurrency.in_order import in_order
from toolgym.domain import Domain
from toolgym.generation import Injector
from toolgym.generators.prose import Prose, complaints, kept
from toolgym.generators.template import TemplateProposer
from toolgym.models.answers import AnswerError, ask, text_and_object, text_of
from toolgym.prompts import own_text
from toolgym.proposal import Proposal, Proposer, TaskRequest
from toolgym.tasks import Provenance, Task
from toolgym.trajectory import NO_USAGE, Usage

if TYPE_CHECKING:
    from toolgym.models import ChatModel

PARENTS = 5
"""Failures of which the model is told, at most."""


class LLMProposer:
    """Has a model word the tasks that another proposer makes, so that the words stress the pattern too.

    The goal, the gold calls, the world, the facts and the rest of the scenario are the other proposer's: the model
    writes ``reason_for_call`` and ``task_instructions`` alone, and never sees the gold. What it writes must hold every
    text that the task needs, give no answer away, invent no number, and stay in language and length; see
    :func:`~toolgym.generators.prose.complaints`. It is told what is wrong and asked once more; if that is of no use
    either, the proposal has no tasks and its note says why. Tasks that belong together are worded each by itself.

    The scripted user still plays from the facts, so with it a new wording changes nothing; a user that is a model reads
    it. Nothing here sees whether the prose still says what the facts say beyond the texts named above, such as under
    which condition the user wants what: look at samples, or have the tasks played with the user that you train with.

    Args:
        model: The model; one serves all tasks.
        template: Makes the tasks; None for :class:`~toolgym.generators.template.TemplateProposer`.
        concurrency: Proposals that are worded at once, at least 1.

    Attributes:
        usage: What all requests used so far, those that failed included.

    Raises:
        ValueError: If concurrency is below 1.
    """

    needs_model = True

    def __init__(self, model: ChatModel, *, template: Proposer | None = None, concurrency: int = 8) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        self._model = model
        self._template = template if template is not None else TemplateProposer()
        self._concurrency = concurrency
        self.usage: Usage = NO_USAGE

    async def propose(
        self,
        domain: Domain,
        requests: Sequence[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
    ) -> AsyncIterator[Proposal]:
        """One proposal for each request, in order: the other proposer's task, its scenario worded anew by the model.

        Args:
            domain: The domain.
            requests: What is wanted.
            rng: Goes to the proposer that makes the tasks; the model's seeds follow from these.
            disjoint_from: Digests of worlds with which the new ones must have no entity in common.

        Raises:
            DataError: If the domain has no task generator.
            ServiceError: If the model fails.
            ContextError: If a scenario does not fit into its context.
            BudgetError: If the budget is spent.
        """
        made = self._template.propose(domain, requests, rng, disjoint_from=disjoint_from)
        worded = in_order(made, partial(self._worded, domain), self._concurrency)
        try:
            async for proposal in worded:
                yield proposal
        finally:
            await worded.aclose()

    async def _worded(self, domain: Domain, proposal: Proposal) -> Proposal:
        tasks = []
        for task in proposal.tasks:
            old = Prose.of(task)
            if old is None:
                return Proposal(proposal.request, (), f"the scenario of {task.id!r} is not in parts that can be worded")
            try:
                new = await self._asked(domain, proposal.request, task, old)
            except AnswerError as error:
                return Proposal(proposal.request, (), f"the wording of {task.id!r} failed: {error}")
            tasks.append(self._marked(new.put_into(task)))
        return Proposal(proposal.request, tuple(tasks), proposal.note)

    async def _asked(self, domain: Domain, request: TaskRequest, task: Task, old: Prose) -> Prose:
        needs = tuple(domain.needs(task, domain.worlds.get(task.world))) if domain.needs is not None else ()

        def read(answer: str) -> Prose:
            _, found = text_and_object(answer, Prose._fields)
            new = Prose(*(text_of(found, name, old.longest) for name in Prose._fields))
            if wrong := complaints(task, old, new, needs):
                raise AnswerError("; ".join(wrong))
            return new

        chat = [
            {"role": "system", "content": own_text("proposer")},
            {"role": "user", "content": _brief(domain, request, task, old, needs)},
        ]
        talk = self._model.start(seed=int(task.key[:7], 16))
        try:
            return await ask(talk, chat, read)
        finally:
            self.usage += talk.usage

    def _marked(self, task: Task) -> Task:
        provenance = task.provenance or Provenance(generator="")
        generator = f"{provenance.generator}+llm:{self._model.settings.model}"
        return task.model_copy(update={"provenance": provenance.model_copy(update={"generator": generator})})


def _brief(domain: Domain, request: TaskRequest, task: Task, old: Prose, needs: Sequence[str]) -> str:
    """What the model is told of one task: everything but the gold."""
    parts: dict[str, str] = {"mistake": _mistake(domain, request, task)}
    if told := [json.dumps(one, ensure_ascii=False) for one in _parents(request)]:
        parts["seen_before"] = "\n".join(told)
    parts["scenario"] = str(task.user_scenario)
    parts["parts_to_write"] = json.dumps(old._asdict(), ensure_ascii=False)
    parts["keep"] = "\n".join(json.dumps(text, ensure_ascii=False) for text in kept(old, needs))
    parts["length"] = f"at most {old.longest} characters in all"
    return "\n".join(f"<{name}>\n{text}\n</{name}>" for name, text in parts.items())


def _mistake(domain: Domain, request: TaskRequest, task: Task) -> str:
    if request.pattern is None:
        return "none in particular: word it as another user might, neither harder nor easier"
    pattern = domain.failure_patterns.get(request.pattern)
    lines = [f"{request.pattern}: {pattern.meaning}" if pattern is not None else request.pattern]
    injector = _injector(domain, task)
    if injector is not None:
        lines.append(f"What makes this task prone to it: {injector.meaning} The user may say: {injector.example}")
    return "\n".join(lines)


def _injector(domain: Domain, task: Task) -> Injector | None:
    """The injector that a task names, as its kind or among its difficulties."""
    provenance = task.provenance
    names = () if provenance is None else (provenance.kind, *provenance.difficulties)
    injectors = domain.generator.injectors if domain.generator is not None else ()
    return next((injector for injector in injectors if injector.name in names), None)


def _parents(request: TaskRequest) -> list[dict[str, Any]]:
    """What was expected and what happened in the failures that a task is made from."""
    told: list[dict[str, Any]] = []
    for report in request.parents:
        for finding in report.causes:
            if finding.pattern == request.pattern:
                told.append({"expected": finding.expected, "got": finding.got})
                break
    return told[:PARENTS]
