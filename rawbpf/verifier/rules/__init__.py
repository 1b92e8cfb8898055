"""The rules, one per file, each defined as ``RULE``. See ``rawbpf/verifier/rule.py``."""
