"""Generate parts of docs/reference/verifier.md from the verifier rules."""

from rule_pages import codes, paragraph

from rawbpf.verifier.exhibits import exhibits_of
from rawbpf.verifier.registry import all_rules
from rawbpf.verifier.rule import Example, Rule


def overview() -> str:
    return codes(all_rules().values())


def details() -> str:
    return "\n".join(_section(one) for one in all_rules().values())


def _section(rule: Rule) -> str:
    paragraphs = [paragraph(rule.meaning), paragraph(rule.reason)]
    paragraphs += [paragraph(text) for text in (rule.kernels, rule.unshown, _gallery(rule)) if text]
    parts = [f"\n### {rule.code}", f"**{rule.title}**", *paragraphs]
    parts += [_example(one) for one in rule.examples]
    return "\n\n".join(parts)


def _gallery(rule: Rule) -> str:
    programs = [f"`rawbpf gallery {one.name}`" for one in exhibits_of(rule.code)]
    return f"Try it: {', '.join(programs)}." if programs else ""


def _example(example: Example) -> str:
    rejected = f"Rejected{example.conditions}:\n\n{_code(example.refused)}"
    return f"{rejected}\n\nAccepted:\n\n{_code(example.accepted)}"


def _code(text: str) -> str:
    return f"```bpf\n{text.strip()}\n```"


PARTS = {"rules": overview, "rules_in_detail": details}
