"""One family of complaints about types a file, each a ``RULE``. See ``refusals/types_rule.py``."""
