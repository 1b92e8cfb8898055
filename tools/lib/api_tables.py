"""Generate docs/api.md, the public names of each package, from signatures and docstrings."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from functools import cache
from importlib import import_module
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rawbpf import errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

PACKAGES = (
    "rawbpf",
    "rawbpf.collection",
    "rawbpf.tracing",
    "rawbpf.reading",
    "rawbpf.links",
    "rawbpf.programs",
    "rawbpf.maps",
    "rawbpf.asm",
    "rawbpf.elf",
    "rawbpf.btf",
    "rawbpf.core_relo",
    "rawbpf.machine",
    "rawbpf.verifier",
)
"""The packages to document, in the order in which users typically need them."""

_KERNEL = re.compile(r"Linux (\d+\.\d+)|\((\d\.\d+)\)|[Ss]ince (\d\.\d+)")
_FIRST_SENTENCE = re.compile(r"(.*?[.?!])(?=\s|$)", re.DOTALL)


def _sentence(doc: str | None) -> str:
    """Return the first sentence of a docstring, on one line."""
    text = inspect.cleandoc(doc or "").split("\n\n")[0]
    found = _FIRST_SENTENCE.match(text)
    return " ".join((found[1] if found else text).replace("``", "`").split()).rstrip(":")


def _remarks(doc: str | None) -> str:
    """Return the errors and the minimum kernel that a docstring names."""
    text = doc or ""
    raised = sorted(set(re.findall(r"\b\w+Error\b", text)) & set(errors.__all__))
    kernel = _KERNEL.search(text)
    parts = [f"Raises {', '.join(raised)}." if raised else ""]
    parts.append(f"Linux {next(filter(None, kernel.groups()))}." if kernel else "")
    return " ".join(filter(None, parts))


def _signature(name: str, value: Callable[..., object]) -> str:
    """Return ``name(parameters) -> result`` as the code declares it, without ``self``."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    found = signature.parameters.items()
    kept = [_shown(one) for key, one in found if key not in ("self", "cls")]
    result = signature.return_annotation
    end = "" if result in (inspect.Signature.empty, None, "None") else f" -> {_text(result)}"
    head = signature.replace(parameters=kept, return_annotation=inspect.Signature.empty)
    return f"{name}{head}{end}"


class _Text:
    """A text whose repr has no quotes, so that inspect prints it unchanged."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _shown(one: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter that is printed as in the source, without memory addresses."""
    if one.default is not one.empty:
        one = one.replace(default=_Text(re.sub(r" at 0x[0-9a-f]+", "", repr(one.default))))
    return one.replace(annotation=_Text(_text(one.annotation)))


def _text(annotation: object) -> str:
    """Return an annotation as written in the source; NamedTuple wraps annotations in ForwardRef."""
    return str(getattr(annotation, "__forward_arg__", annotation))


@cache
def _attribute_docs(module: str) -> dict[str, str]:
    """Return the docstrings below a module's assignments, keyed by the assigned name."""
    body = ast.parse(Path(sys.modules[module].__file__ or "").read_text()).body
    found = {}
    for node, after in pairwise(body):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        text = after.value if isinstance(after, ast.Expr) else None
        if isinstance(target, ast.Name) and isinstance(text, ast.Constant):
            found[target.id] = str(text.value)
    return found


def _members(kind: type) -> list[str]:
    """Return one line for each public method and property of a class that rawbpf defines."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("rawbpf"):
            found |= {name: value for name, value in vars(base).items() if name[0] != "_"}
    lines = []
    for name, raw in found.items():
        value = raw.__func__ if isinstance(raw, (classmethod, staticmethod)) else raw
        if isinstance(value, property):
            lines.append(_line(name, value.fget.__doc__ if value.fget else ""))
        elif inspect.isfunction(value):
            lines.append(_line(_signature(name, value), value.__doc__))
    return lines


def _line(shown: str, doc: str | None) -> str:
    told = " ".join(filter(None, (_sentence(doc), _remarks(doc))))
    return f"- `{shown}`" + (f": {told}" if told else "")


def _entry(name: str, value: object, home: str) -> str:
    """Return the section for the given name."""
    if callable(value):
        value = inspect.unwrap(value)
    if inspect.isclass(value) and issubclass(value, errors.RawbpfError):
        return f"### `{name}`\n\n{_sentence(value.__doc__)}"
    if inspect.isclass(value) or inspect.isfunction(value):
        told = f"{_sentence(value.__doc__)} {_remarks(value.__doc__)}"
        head = f"### `{_signature(name, value)}`\n\n{told}"
        members = _members(value) if inspect.isclass(value) else []
        return head.rstrip() + ("\n\n" + "\n".join(members) if members else "")
    told = _attribute_docs(home).get(name, "")
    return (
        f"### `{name}`\n\nA constant of type `{type(value).__name__}`. {_sentence(told)}".rstrip()
    )


def _alike(name: str) -> str:
    """Return the key for grouping names, which is the same for r0 to r10, and for w0 to w10."""
    return re.sub(r"\d+$", "", name) if re.fullmatch(r"[rw]\d+", name) else name


def _package(name: str) -> str:
    package = import_module(name)
    parts = [f"## {name}\n\n{_sentence(package.__doc__)}"]
    if name == "rawbpf":
        return "\n".join([parts[0], "", *(_pointer(package, one) for one in package.__all__)])
    for _, run in groupby(sorted(package.__all__, key=_order), key=_alike):
        names = list(run)
        if len(names) > 1:
            parts.append(f"### `{names[0]}` to `{names[-1]}`\n\nThe registers as operands.")
        else:
            parts.append(
                _entry(names[0], getattr(package, names[0]), vars(package)["_HOMES"][names[0]])
            )
    return "\n\n".join(parts)


def _pointer(package: ModuleType, name: str) -> str:
    """Return a line for a name that is described in another package's section."""
    home = vars(package)["_HOMES"][name].rpartition(".")[0]
    told = _sentence(getattr(package, name).__doc__)
    return f"- `{name}`: {told}" + (
        "" if home == "rawbpf" else f" See [`{home}`](#{home.replace('.', '')})."
    )


def _order(name: str) -> tuple[str, int]:
    """Return the key for sorting names, by which r10 follows r9 and case is ignored."""
    digits = re.search(r"\d+$", name)
    return _alike(name).lower(), int(digits[0]) if digits else 0


def contents() -> str:
    """Return the list of packages with the purpose of each."""
    rows = [
        f"- [`{name}`](#{name.replace('.', '')}): {_sentence(import_module(name).__doc__)}"
        for name in PACKAGES
    ]
    return "\n".join(rows)


def packages() -> str:
    """Return the sections for all packages."""
    return "\n\n".join(map(_package, PACKAGES))


PARTS = {"contents": contents, "packages": packages}
