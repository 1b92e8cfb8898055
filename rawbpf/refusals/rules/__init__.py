"""The reasons for which loads fail, grouped by subject. See ``rawbpf/refusals/rule.py``."""
