"""Django, SQLAlchemy with Alembic, Rails' Active Record: migrations, queries, introspection; each in a process of its own.

What they print must be the same directly and through, and nothing of it may be refused.
"""
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.conftest import emptied
from tools.test_psql_commands import same

HERE = Path(__file__).parent


def scenario(work, rich, environment, command: list[str], least: int):
    """The same work, through and directly."""
    def lines(link) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=170, env={**environment, **link.env(), "PYTHONHASHSEED": "0"})
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout
    through = lines(work.link)
    work.understood(least)
    emptied(rich)
    same(lines(work.direct), through)


@pytest.mark.parametrize("module", ["django", "sqlalchemy"])
def test_python(work, rich, environment, module):
    if not importlib.util.find_spec(module):
        pytest.skip(f"{module} is not installed")
    scenario(work, rich, environment, [sys.executable, str(HERE / f"scenario_{module}.py")], 100)


def test_rails(work, rich, environment):
    ruby = shutil.which("ruby")
    if not ruby or subprocess.run([ruby, "-e", "require 'active_record'; require 'pg'"], capture_output=True).returncode:
        pytest.skip("Active Record is not installed: `just tools` does that")
    scenario(work, rich, environment, [ruby, str(HERE / "scenario_rails.rb")], 100)
