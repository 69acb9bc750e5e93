"""Django: migrations of many kinds of fields, queries of many kinds, inspectdb; each in a process of its own."""
import subprocess
import sys
from pathlib import Path

import pytest

from tools.conftest import emptied
from tools.test_psql_commands import same

pytest.importorskip("django", reason="Django is not installed")
HERE = Path(__file__).parent


def test_django(work, rich, environment):
    def lines(link) -> str:
        done = subprocess.run([sys.executable, str(HERE / "scenario_django.py")], capture_output=True, text=True, timeout=170, env={**environment, **link.env(), "PYTHONHASHSEED": "0"})
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout
    through = lines(work.link)
    work.understood(200)
    emptied(rich)
    same(lines(work.direct), through)
