"""The policy that comes with the package: it is small, says how it was made, and still understands what views show."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from command_line import Done, told

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from toolgym import make_domain
from toolgym_trainers.bootstrap import BootstrapSettings, stream
from toolgym_trainers.policies.policy import load_policy
from toolgym_trainers.policies.shipped import SHIPPED, folder_of
from toolgym_trainers.policies.transcript import encode

Command = Callable[..., Done]
FOLDER = SHIPPED["tiny"]
OTHERS = 4_000_000
"""A seed of demonstrations that it did not learn from."""


def test_it_takes_no_more_than_four_megabytes_and_says_how_it_was_made() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) <= 4_000_000
    about = json.loads((FOLDER / "toolgym_sft.json").read_text("utf-8"))
    assert (about["domain"], about["policy"]) == ("retail", "scratch")
    assert about["result"]["demonstrations"] == about["settings"]["sft"]["demonstrations"]


def test_its_name_is_its_folder_and_a_folder_of_that_name_is_another(tmp_path: Path) -> None:
    assert folder_of("tiny") == FOLDER
    assert folder_of("./tiny") == "./tiny"
    assert folder_of(tmp_path / "tiny") == tmp_path / "tiny"


def test_it_finds_the_tokens_of_dialogues_that_it_has_not_seen() -> None:
    """Where a view comes to show something else, this falls: a new policy is to be made then."""
    domain, policy = make_domain("retail"), load_policy("tiny")
    right = learned = 0
    for one in islice(stream(domain, BootstrapSettings(), OTHERS), 40):
        found = encode(policy.codec, domain, one.tools, one.view, one.slips)
        tokens, mask = torch.tensor(found.tokens), torch.tensor(found.mask)
        with torch.inference_mode():
            likeliest = policy.model(input_ids=tokens[None]).logits[0].argmax(-1)
        right += int((likeliest[:-1] == tokens[1:])[mask[1:]].sum())
        learned += int(mask[1:].sum())
    assert right / learned > 0.97


def test_it_is_an_agent_of_the_domain_that_it_learned_in_and_of_no_other(run: Command) -> None:
    done = run("eval", "retail", "--agent", "tiny", "--split", "dev", "--task", "dev-001", "--trials", "2", "--json")
    assert list(done.json["agents"]) == ["tiny"]
    assert done.json["agents"]["tiny"]["trials"] == 2
    other = run("eval", "mock", "--agent", "tiny")
    assert "has no word for 3 of the 4 tools of the domain 'mock', such as 'create_task'" in told(other)
