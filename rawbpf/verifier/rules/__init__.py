"""One family of refusals a file, each a ``RULE``. See ``rawbpf/verifier/rule.py``."""
