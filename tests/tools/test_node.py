"""Node's object mappers and query builders, Prisma and Drizzle's command lines too: schemas, migrations, introspection, queries.

What they print must be the same directly and through, and nothing of it may be refused.
"""
import os
import shutil
from pathlib import Path

import pytest

from tools.test_frameworks import HERE, scenario

MODULES = os.environ.get("TOLLGATE_TOOLS_NODE", "")


# The package that each needs, and how many statements it asks at least.
@pytest.mark.parametrize("name, package, least", [("knex", "knex", 120), ("sequelize", "sequelize", 150), ("typeorm", "typeorm", 250), ("drizzle", "drizzle-orm", 80), ("drizzle_kit", "drizzle-kit", 60), ("prisma", "prisma", 250)])
def test_node(work, rich, environment, name, package, least):
    if not MODULES or not shutil.which("node"):
        pytest.skip("node or its packages are not there (TOLLGATE_TOOLS_NODE)")
    if not (Path(MODULES) / package).is_dir():
        pytest.skip(f"{package} is not installed: `just tools` does that")
    environment = {**environment, "NODE_PATH": MODULES}
    scenario(work, rich, environment, ["node", str(HERE / f"scenario_{name}.cjs")], least)
