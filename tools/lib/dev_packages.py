"""Print what pyproject.toml lists for development, one requirement a line.

pip reads dependency groups itself only from 25.1 on, which few systems bring along.
"""

import tomllib
from pathlib import Path

settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
print("\n".join(settings["dependency-groups"]["dev"]))
