"""Find every regular expression of the package, and build texts that almost match it.

A text attacks a pattern in one of two ways. It repeats what one repetition accepts and then breaks
off, so that a match fails late; or it repeats a whole beginning of a match, so that a search fails
late at each of many places. Both are built from the parsed pattern.
"""

import ast
import importlib
import pkgutil
import re
from functools import cache
from pathlib import Path
from re import _constants as code
from re import _parser as parser
from typing import NamedTuple

import rawbpf
from rawbpf.refusals.registry import types_rules
from rawbpf.verifier.registry import all_rules

ORDERS = ("a0_ -.,(x:", "0a:_,=(;x ", " -;(,.a0'\t", "_x./=+)[|\n")
"""Characters that are preferred in a class, in this order, so that neighbours accept the same."""
ENDS = ("", "\0", "\n|")
METHODS = frozenset({"match", "fullmatch", "search", "sub", "subn", "split", "finditer", "findall"})
REPEATS = {code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT}
MANY = 16
"""A repetition that stops earlier than this is not attacked by itself."""
OURS = {"rawbpf.verifier.registry._GROUP", "rawbpf.verifier.registry._SPECIAL"}
"""These are applied only to the patterns of our own rules."""


def modules():
    """Yield the name of every module that runs on the host."""
    for one in pkgutil.walk_packages(rawbpf.__path__, "rawbpf."):
        if ".guest.inside" not in one.name and one.name != "rawbpf.__main__":
            yield one.name


class Case(NamedTuple):
    """A pattern and the names of the methods that are called with it."""

    pattern: str | bytes
    flags: int
    methods: frozenset[str]

    @property
    def bounded(self):
        """Whether it has only repetitions with a limit."""
        limits = [args[1] for args in repetitions(parsed(self.pattern, self.flags))]
        return code.MAXREPEAT not in limits


@cache
def patterns():
    """Return name -> case. A pattern that is used twice is there once."""
    found = {}
    for name in modules():
        module = importlib.import_module(name)
        text = Path(module.__file__).read_text()
        for label, value in vars(module).items():
            used = METHODS & set(re.findall(rf"\b{label}\b(?:\[.*?\])?\.(\w+)", text))
            for suffix, one in members(value):
                case = Case(one.pattern, one.flags & ~re.UNICODE, frozenset(used or METHODS))
                found.setdefault(case, f"{name}.{label}{suffix}")
        for line, case in inline(text):
            found.setdefault(case, f"{name}:{line}")
    for rule in (*all_rules().values(), *types_rules().values()):
        for index, one in enumerate(rule.patterns):
            case = Case(one, re.MULTILINE, frozenset({"search"}))
            found.setdefault(case, f"{rule.code}.{index}")
    return {name: case for case, name in found.items() if name not in OURS}


def members(value):
    if isinstance(value, re.Pattern):
        yield "", value
    elif isinstance(value, dict):
        yield from ((f"[{k}]", one) for k, one in value.items() if isinstance(one, re.Pattern))
    elif isinstance(value, tuple | list):
        yield from ((f"[{i}]", one) for i, one in enumerate(value) if isinstance(one, re.Pattern))


def inline(text):
    """Yield (line, case) for calls like ``re.search("...", ...)``."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        of, method, first = node.func.value, node.func.attr, node.args[0] if node.args else None
        ours = isinstance(of, ast.Name) and of.id == "re" and method in METHODS
        if ours and isinstance(first, ast.Constant):
            flags = re.MULTILINE if "MULTILINE" in ast.unparse(node) else 0
            yield node.lineno, Case(first.value, flags, frozenset({method}))


def parsed(pattern, flags):
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    return parser.parse(text, flags)


def attacks(case, many=MANY):
    """Return functions from a size to a text of about that size."""
    tree, found = parsed(case.pattern, case.flags), {}
    for order in ORDERS:
        for pumped in repetitions(tree, many):
            for inside in (1, 2):
                writer = Writer(order, pumped, inside)
                before, unit = writer.until(tree), writer.unit
                for head, repeated in ((before, unit), ("", before + unit), ("", unit)):
                    found |= {(head, repeated, end): None for end in ENDS}
    return [attack(*one, isinstance(case.pattern, bytes)) for one in found if one[1]]


def attack(head, unit, end, encode):
    def of_size(size):
        text = head + unit * (size // len(unit)) + end
        return text.encode() if encode else text

    return of_size


def repetitions(tree, many=MANY):
    """Yield the arguments of the repetitions without a small limit, the inner ones included."""
    for op, args in tree:
        if op in REPEATS and args[1] >= many:
            yield args
        for inner in parts(op, args):
            yield from repetitions(inner, many)


def parts(op, args):
    if op in REPEATS:
        return [args[2]]
    if op is code.SUBPATTERN:
        return [args[3]]
    if op is code.ATOMIC_GROUP:
        return [args]
    if op is code.BRANCH:
        return args[1]
    return [one for one in args[1:] if one] if op is code.GROUPREF_EXISTS else []


class Writer:
    """Write a text that a pattern matches, up to a repetition.

    ``unit`` is what the repetition accepts once. Repetitions in it are written ``inside`` times.
    """

    def __init__(self, order, pumped, inside):
        self.order, self.pumped, self.inside = order, pumped, inside
        self.unit, self.done = "", False

    def until(self, tree):
        written = ""
        for op, args in tree:
            if self.done:
                break
            written += self.write(op, args)
        return written

    def write(self, op, args):
        if op in REPEATS:
            if args is self.pumped:
                self.unit = Writer(self.order, None, self.inside).until(args[2])
                self.done = True
                return ""
            low, high, inner = args
            return self.until(inner) * (max(low, min(self.inside, high)) if inner else 0)
        if op is code.BRANCH:
            holds = [one for one in args[1] if any(r is self.pumped for r in repetitions(one))]
            return self.until((holds or args[1])[0])
        if op in (code.SUBPATTERN, code.ATOMIC_GROUP):
            return self.until(parts(op, args)[0])
        if op is code.LITERAL:
            return chr(args)
        if op in (code.ANY, code.NOT_LITERAL, code.IN):
            return self.one_of(op, args)
        return ""

    def one_of(self, op, args):
        if op is code.ANY:
            return next(c for c in self.order if c != "\n")
        test = re.compile(_class(op, args), re.DOTALL)
        every = (*self.order, *map(chr, range(32, 127)), *map(chr, range(32)))
        return next((c for c in every if test.fullmatch(c)), "a")


def _class(op, args):
    """Return a character class as pattern text."""
    if op is code.NOT_LITERAL:
        return f"[^{re.escape(chr(args))}]"
    words = []
    for kind, value in args:
        if kind is code.LITERAL:
            words.append(re.escape(chr(value)))
        elif kind is code.RANGE:
            words.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        elif kind is code.CATEGORY:
            words.append(_CATEGORIES[value])
    return f"[{'^' * (args[0][0] is code.NEGATE)}{''.join(words)}]"


_CATEGORIES = {
    code.CATEGORY_DIGIT: r"\d", code.CATEGORY_NOT_DIGIT: r"\D",
    code.CATEGORY_SPACE: r"\s", code.CATEGORY_NOT_SPACE: r"\S",
    code.CATEGORY_WORD: r"\w", code.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
