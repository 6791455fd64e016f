"""Build the wheel and check it: what it holds, that it installs alone, that it is light, and that it plays."""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ALLOWED = {"toolgym", "toolgym_mock", "toolgym_retail", "toolgym_trainers"}
FORBIDDEN = ("torch", "tests", "domains", "leaderboard")
LIMIT = 30 * 2**20

PROBE = f"""
import importlib.util, sys
import gymnasium as gym
env = gym.make("toolgym:ToolMock-v0")
env.reset(seed=0)
import toolgym
from pathlib import Path
assert "site-packages" in toolgym.__file__, toolgym.__file__
import toolgym_trainers.record
for package in (toolgym, toolgym_trainers):
    assert (Path(package.__file__).parent / "py.typed").exists(), package.__name__
found = [name for name in {FORBIDDEN!r} if importlib.util.find_spec(name)]
assert not found, f"these must not come with the wheel: {{found}}"
"""


def main() -> None:
    """Exit with an error message unless the wheel is right."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        build = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, "."]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = place.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        top = {name.split("/")[0] for name in names if ".dist-info/" not in name}
        if top != ALLOWED:
            sys.exit(f"the wheel's top-level names are {sorted(top)}, not {sorted(ALLOWED)}")
        if wheel.stat().st_size > LIMIT:
            sys.exit(f"the wheel has {wheel.stat().st_size:,} bytes, more than {LIMIT:,}")
        venv.create(place / "venv", with_pip=True)
        binaries = place / "venv" / "bin"
        subprocess.run([binaries / "pip", "install", "-q", wheel], check=True)
        subprocess.run([binaries / "python", "-W", "error", "-c", PROBE], check=True, cwd=folder)
        subprocess.run(
            [binaries / "toolgym", "eval", "retail", "--split", "dev", "--agent", "oracle", "--trials", "1", "--json"],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size:,} bytes, {', '.join(sorted(top))}")


if __name__ == "__main__":
    main()
