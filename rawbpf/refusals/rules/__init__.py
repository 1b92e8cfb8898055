"""The reasons why loads fail, grouped by subject. See ``rawbpf/refusals/rule.py``."""
