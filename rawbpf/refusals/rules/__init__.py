"""One reason a file, each a ``RULE``. See ``rawbpf/refusals/rule.py``."""
