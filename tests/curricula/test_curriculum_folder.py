"""The folder of a curriculum: what a refresh writes there, and that another process goes on from it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from small_generator import GoldAnalyst, refreshed, small_domain, trials

from toolgym import make_aec_env, make_curriculum, make_domain, make_env, make_vec_env
from toolgym.curricula import Fixed, PoolCurriculum, kinds
from toolgym.curricula.folder import read_saved, write_saved, writing
from toolgym.curricula.worlds import pack, unpack
from toolgym.curriculum import Budget
from toolgym.domain import Domain
from toolgym.envs.tool_env import tool_env
from toolgym.errors import DataError, WorldError
from toolgym.failures.report import FailureReport

TASKS = make_domain("mock").tasks["train"]


def sentinel(folder: Path | None, domain: Domain | None = None) -> PoolCurriculum:
    """A curriculum with failures on one task."""
    used = domain or small_domain()
    curriculum = kinds.sentinel(used, "train", analyst=GoldAnalyst(), folder=folder)
    curriculum.update(trials(used, TASKS[0], "--+-"))
    return curriculum


def drawn(curriculum: Any, number: int = 60) -> list[str]:
    return [task.model_dump_json() for task in curriculum.sample(np.random.default_rng(3), number)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after two refreshes."""
    folder = tmp_path_factory.mktemp("curriculum")
    curriculum = sentinel(folder)
    refreshed(curriculum)
    curriculum.update(trials(curriculum.domain, TASKS[1], "--"))
    refreshed(curriculum, 6)
    return folder


def test_a_refresh_writes_its_report_the_failures_the_worlds_and_the_state(tmp_path: Path) -> None:
    curriculum = sentinel(tmp_path / "new" / "folder")
    report = refreshed(curriculum)
    place = tmp_path / "new" / "folder"
    files = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
    [world] = {entry.task.world for entry in curriculum.pool if not entry.of_split}
    assert files == [
        "curriculum.json",
        "rounds/000/failures.jsonl",
        "rounds/000/report.json",
        f"worlds/{world[:16]}.duckdb",
    ]
    assert json.loads((place / "rounds/000/report.json").read_text()) == json.loads(json.dumps(report.as_dict()))
    lines = (place / "rounds/000/failures.jsonl").read_text().splitlines()
    assert [FailureReport.from_json(line).task_key for line in lines] == [TASKS[0].key] * 3
    assert read_saved(place).state == json.loads(json.dumps(curriculum.state_dict()))
    assert curriculum.state_dict()["pool"]["worlds"] == {world: None}


def test_another_process_goes_on_with_the_very_same_draws_and_the_same_next_round(
    written: Path, tmp_path: Path
) -> None:
    mine, its = tmp_path / "mine", tmp_path / "its"
    for folder in (mine, its):
        shutil.copytree(written, folder)
    domain = small_domain()
    curriculum = make_curriculum("sentinel", domain, "train", pool=mine, analyst=GoldAnalyst())
    assert isinstance(curriculum, PoolCurriculum)
    expected = drawn(curriculum)
    curriculum.update(trials(domain, TASKS[2], "--"))
    refreshed(curriculum)
    code = f"""
import json, sys
from test_curriculum_folder import *
domain = small_domain()
curriculum = make_curriculum("sentinel", domain, "train", pool=Path({str(its)!r}), analyst=GoldAnalyst())
first = drawn(curriculum)
for task in curriculum.sample(np.random.default_rng(0), 20):
    assert domain.worlds.get(task.world).checksum() == task.world
curriculum.update(trials(domain, TASKS[2], "--"))
refreshed(curriculum)
print(json.dumps([first, drawn(curriculum)]))
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONHASHSEED": "17"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [expected, drawn(curriculum)]
    assert (mine / "curriculum.json").read_bytes() == (its / "curriculum.json").read_bytes()


def test_a_state_without_a_folder_holds_its_worlds() -> None:
    curriculum = sentinel(None)
    refreshed(curriculum)
    other = kinds.sentinel(small_domain(), "train")
    other.load_state_dict(json.loads(json.dumps(curriculum.state_dict())))
    assert drawn(other) == drawn(curriculum)
    for entry in other.pool:
        assert other.domain.worlds.get(entry.task.world).world == entry.task.world


def _bomb(begin: bytes, again: bytes, times: int, end: bytes) -> str:
    packer = zlib.compressobj(9)
    parts = [packer.compress(begin), *(packer.compress(again * 10_000) for _ in range(times // 10_000))]
    return base64.b64encode(b"".join([*parts, packer.compress(end), packer.flush()])).decode()


@pytest.mark.parametrize(
    ("bomb", "said"),
    [
        ((b'{"assistant":{"tasks":[', b"[],", 40_000_000, b"[]]}}"), "more than 64 MB"),
        ((b'{"assistant":{"tasks":["', b"x", 60_000_000, b'"]}}'), "times as long as it is packed"),
        ((b'{"assistant":{"tasks":[', b"[],", 300_000, b"[]]}}"), "times as long as it is packed"),
    ],
    ids=["too long", "one text", "lists"],
)
def test_a_packed_world_that_is_a_bomb_is_refused_with_the_name_of_its_file(
    tmp_path: Path, bomb: tuple[bytes, bytes, int, bytes], said: str
) -> None:
    curriculum = sentinel(tmp_path)
    refreshed(curriculum)
    saved = read_saved(tmp_path)
    [world] = saved.state["pool"]["worlds"]
    saved.state["pool"]["worlds"][world] = _bomb(*bomb)
    write_saved(tmp_path, saved)
    (tmp_path / "worlds" / f"{world[:16]}.duckdb").unlink()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=said) as caught:
        make_env("mock", pool=tmp_path)
    assert str(tmp_path / "curriculum.json") in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 19  # KB


def test_a_packed_world_of_very_many_values_is_refused() -> None:
    values = json.dumps(list(range(5_000_000)), separators=(",", ":"))
    with pytest.raises(DataError, match="more than 4194304 values"):
        unpack(pack(values))
    assert unpack(pack(values[:1000])) == values[:1000]


@pytest.mark.parametrize("make", [make_env, make_vec_env, make_aec_env])
def test_an_environment_goes_on_from_a_pool(make: Any, written: Path) -> None:
    env = make(small_domain(), curriculum="sentinel", pool=written, curriculum_args={"base": 0.0})
    assert env.curriculum.round == 2
    names = {task.id[:11] for task in env.curriculum.sample(np.random.default_rng(0), 100)}
    assert names == {"sentinel-r0", "sentinel-r1"}


@pytest.mark.parametrize("make", [make_env, make_vec_env, make_aec_env])
def test_a_pool_alone_names_its_curriculum_and_without_one_it_is_fixed(make: Any, written: Path) -> None:
    env = make(small_domain(), pool=written)
    assert (env.curriculum.name, env.curriculum.round) == ("sentinel", 2)
    assert type(make("mock").curriculum) is Fixed


def test_a_spec_with_a_pool_alone_is_json_and_makes_the_environment_again(written: Path) -> None:
    env = gym.make("ToolMock-v0", pool=str(written))
    assert env.spec is not None
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert tool_env(again).curriculum.state_dict() == tool_env(env).curriculum.state_dict()


def test_a_folder_that_is_no_curriculums_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pools" / "sft").mkdir(parents=True)
    (tmp_path / "pools" / "sft" / "tasks.jsonl").write_text("")
    (tmp_path / "pools" / "empty").mkdir()
    (tmp_path / "pools" / "curriculum.json").write_text("{}")
    for pool, says in (
        ("sft", "the pool 'sft' is not there. Did you mean 'pools/sft'?"),
        ("pools/sft", "its tasks are played by `toolgym eval --pool`, but no curriculum goes on from it"),
        ("pools/empty", "'pools/empty' holds no curriculum: it has no curriculum.json"),
        ("pools/curriculum.json", "is a file and no folder; name the folder that it is in, 'pools'"),
    ):
        with pytest.raises(DataError) as told:
            make_env("mock", pool=pool)
        assert says in str(told.value)
        assert "Errno" not in str(told.value)


def test_gymnasium_makes_it_from_a_path_and_its_spec_from_text(written: Path) -> None:
    env = gym.make("ToolMock-v0", curriculum="sentinel", pool=str(written))
    assert env.spec is not None
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    observations = [one.reset(seed=4)[0] for one in (env, again)]
    assert observations[0] == observations[1]
    gym.make("ToolMock-v0", curriculum="sentinel", pool=written)
    assert tool_env(again).curriculum.state_dict() == tool_env(env).curriculum.state_dict()


def test_a_folder_of_another_curriculum_or_domain_is_refused(written: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds the curriculum 'sentinel' over 'mock'.*and 'raft' over 'mock'"):
        make_curriculum("raft", small_domain(), "train", pool=written)
    with pytest.raises(DataError, match="and 'sentinel' over 'retail'"):
        make_curriculum("sentinel", make_domain("retail"), "train", pool=written)
    (tmp_path / "curriculum.json").write_text('{"format": 99}')
    with pytest.raises(DataError, match="not of format 1"):
        make_env("mock", curriculum="sentinel", pool=tmp_path)


def test_the_state_of_another_curriculum_is_refused_and_changes_nothing() -> None:
    curriculum = sentinel(None)
    before = curriculum.state_dict()
    broken: list[dict[str, Any]] = [
        make_curriculum("raft", small_domain(), "train").state_dict(),
        {},
        {name: value for name, value in before.items() if name != "pool"},
        {**before, "failures": "no base64"},
        {**before, "pool": {**before["pool"], "tasks": [{"task": {}}]}},
    ]
    for state in broken:
        with pytest.raises(DataError):
            curriculum.load_state_dict(state)
    assert curriculum.state_dict() == before


def test_a_state_whose_worlds_are_files_needs_its_folder(written: Path) -> None:
    with pytest.raises(WorldError, match="`folder`"):
        kinds.sentinel(small_domain(), "train").load_state_dict(read_saved(written).state)


def test_a_fresh_curriculum_does_not_write_over_another_ones_folder(written: Path) -> None:
    before = (written / "curriculum.json").read_bytes()
    with pytest.raises(DataError, match=r"after 2 refreshes, and this is 'sentinel' over 'mock' \(toolgym\) after 0"):
        refreshed(sentinel(written))
    assert (written / "curriculum.json").read_bytes() == before
    assert sorted(path.name for path in (written / "rounds").iterdir()) == ["000", "001"]


def test_a_round_that_was_written_without_its_state_is_written_again(tmp_path: Path) -> None:
    leftover = tmp_path / "rounds" / "000"
    leftover.mkdir(parents=True)
    (leftover / "report.json").write_text("{}")
    (tmp_path / "rounds" / ".000.partial").mkdir()
    refreshed(sentinel(tmp_path))
    assert json.loads((leftover / "report.json").read_text())["round"] == 0
    assert [path.name for path in (tmp_path / "rounds").iterdir()] == ["000"]


def test_a_folder_that_cannot_be_written_leaves_the_curriculum_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "rounds").write_text("in the way")
    curriculum = sentinel(tmp_path)
    before = curriculum.state_dict()
    with pytest.raises(DataError, match=r"cannot be written: .*rounds"):
        refreshed(curriculum)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rounds", "worlds"]
    assert curriculum.state_dict()["pool"]["tasks"] == before["pool"]["tasks"]
    assert curriculum.round == 0
    assert not (tmp_path / "curriculum.json").exists()


def test_of_two_refreshes_of_one_folder_at_once_only_the_first_counts(tmp_path: Path) -> None:
    first, second = sentinel(tmp_path), sentinel(tmp_path)

    async def together() -> list[Any]:
        both = (first.refresh(Budget(12, 2)), second.refresh(Budget(6, 2)))
        return list(await asyncio.gather(*both, return_exceptions=True))

    found = asyncio.run(together())
    [lost] = [one for one in found if isinstance(one, Exception)]
    assert isinstance(lost, DataError)
    assert "after 1 refreshes, and this is" in str(lost)
    kept, other = (first, second) if found[1] is lost else (second, first)
    assert read_saved(tmp_path).state == json.loads(json.dumps(kept.state_dict()))
    assert (kept.round, other.round) == (1, 0)


def test_no_two_processes_write_into_one_folder(tmp_path: Path) -> None:
    with writing(tmp_path), pytest.raises(DataError, match="another process writes"), writing(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_state_that_began_with_another_split_is_refused_and_changes_nothing(written: Path) -> None:
    state = sentinel(None).state_dict()
    curriculum = kinds.sentinel(small_domain(), "test", analyst=GoldAnalyst())
    before = curriculum.state_dict()
    with pytest.raises(DataError, match="began with the split 'train': name that split"):
        curriculum.load_state_dict(state)
    assert curriculum.state_dict() == before
    with pytest.raises(DataError, match="began with the split 'train': name that split"):
        make_env(small_domain(), split="test", curriculum="sentinel", pool=written)


@pytest.mark.parametrize(
    "broken", [{"round": "x"}, {"shares": "x"}, {"shares": {"wrong_record": -1}}, {"levels": {"wrong_record": None}}]
)
def test_a_state_with_what_is_no_number_is_refused(broken: dict[str, Any]) -> None:
    curriculum = sentinel(None)
    with pytest.raises(DataError, match="this is not the state of a curriculum"):
        curriculum.load_state_dict(curriculum.state_dict() | broken)


def test_learnability_keeps_its_state_in_a_folder_too(tmp_path: Path) -> None:
    curriculum = make_curriculum("learnability", small_domain(), "train", folder=tmp_path)
    curriculum.update(trials(small_domain(), TASKS[0], "++++++"))
    refreshed(curriculum)
    again = make_curriculum("learnability", small_domain(), "train", pool=tmp_path)
    assert drawn(again) == drawn(curriculum)


def test_the_state_of_somebody_elses_curriculum_is_kept_alike(tmp_path: Path) -> None:
    saved = read_saved(_saved(tmp_path))
    assert saved.state == {}
    env = make_env("mock", curriculum="fixed", pool=tmp_path)
    assert env.curriculum.sample(np.random.default_rng(0))[0] in TASKS


def _saved(folder: Path) -> Path:
    from toolgym.curricula.folder import Saved

    write_saved(folder, Saved("fixed", "mock", "toolgym", {}))
    return folder
