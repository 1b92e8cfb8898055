"""Print the development requirements in pyproject.toml, one per line.

pip has supported dependency groups only since version 25.1, which few systems provide."""

import tomllib
from pathlib import Path

settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
print("\n".join(settings["dependency-groups"]["dev"]))
