"""Replace BTF features that older kernels do not support.

Compilers emit BTF for the newest kernel, but older kernels reject the whole blob if it contains a
single unknown kind. Each feature has a replacement that older kernels accept and that preserves
type IDs and sizes. For each feature, a table specifies how to detect it, its replacement, and an
example, which is a blob that a kernel accepts if and only if the kernel supports the feature.

Only the kernel sees the replaced types. CO-RE and map definitions use the original blob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.btf.encode import BtfBuilder
from rawbpf.uapi.btf import BTF_INT_SIGNED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rawbpf.btf.btf import Btf

__all__ = ["FEATURES", "Feature", "example", "features_used", "kinds_of", "sanitized"]


class Feature(NamedTuple):
    """A feature: the first kernel that supports it, an example, and a function that replaces it.

    The example may refer to two other types: ID 1 is an int, and ID 2 is a variable.
    """

    name: str
    since: str
    example: t.Type
    replace: Callable[[t.Type], t.Type | None]


def _float(record: t.Type) -> t.Type | None:
    # The replacement is unnamed, because a struct cannot have the name float.
    return t.Struct("", record.size, ()) if isinstance(record, t.Float) else None


def _decl_tag(record: t.Type) -> t.Type | None:
    # No type refers to a tag, so the tag's replacement can be of any kind.
    return t.Int(record.name, 1, 8) if isinstance(record, t.DeclTag) else None


def _type_tag(record: t.Type) -> t.Type | None:
    return t.Const(record.type_id) if isinstance(record, t.TypeTag) else None


def _decl_attribute(record: t.Type) -> t.Type | None:
    return _decl_tag(record) if isinstance(record, t.DeclTag) and record.is_attribute else None


def _type_attribute(record: t.Type) -> t.Type | None:
    return _type_tag(record) if isinstance(record, t.TypeTag) and record.is_attribute else None


def _enum64(record: t.Type) -> t.Type | None:
    if not isinstance(record, t.Enum64):
        return None
    encoding = BTF_INT_SIGNED if record.signed else 0
    return t.Int(record.name, record.size, 8 * record.size, encoding)


def _signed_enum(record: t.Type) -> t.Type | None:
    if not isinstance(record, t.Enum) or not record.signed:
        return None
    values = tuple(t.Enumerator(name, value & 0xFFFFFFFF) for name, value in record.values)
    return record._replace(values=values, signed=False)


def _datasec_name(record: t.Type) -> t.Type | None:
    if not isinstance(record, t.DataSec) or "?" not in record.name:
        return None
    return record._replace(name=record.name.replace("?", "_"))


FEATURES = {
    feature.name: feature
    for feature in (
        Feature("float", "5.13", t.Float("float", 4), _float),
        Feature("decl_tag", "5.16", t.DeclTag("tag", 2), _decl_tag),
        Feature("type_tag", "5.17", t.TypeTag("tag", 1), _type_tag),
        Feature("enum64", "6.0", t.Enum64("e", 8, (t.Enumerator("v", 1 << 32),)), _enum64),
        Feature(
            "signed_enum",
            "6.0",
            t.Enum("e", 4, (t.Enumerator("v", -1),), signed=True),
            _signed_enum,
        ),
        Feature("datasec_name", "6.9", t.DataSec("?s", 4, (t.SecVar(2, 0, 4),)), _datasec_name),
        Feature("decl_attribute", "6.15", t.DeclTag("tag", 2, -1, True), _decl_attribute),
        Feature("type_attribute", "6.15", t.TypeTag("tag", 1, True), _type_attribute),
    )
}
"""All features added after 5.8, in the order in which they are replaced."""


_BY_KIND: dict[int, list[Feature]] = {}
for _feature in FEATURES.values():
    _BY_KIND.setdefault(_feature.example.kind, []).append(_feature)


def example(name: str) -> bytes:
    """Build a blob that requires only this feature beyond 5.8, to probe a kernel.

    >>> example("float")[:2].hex()
    '9feb'
    """
    builder = BtfBuilder()
    builder.add_var("v", builder.add_int("int", 4, signed=True))
    builder.add(FEATURES[name].example)
    return builder.encode()


def features_used(btf: Btf) -> set[str]:
    """Return the features that a blob uses and that some kernels do not support."""
    records = (btf[type_id] for type_id in btf.of_kinds(_BY_KIND))
    return {
        feature.name
        for record in records
        for feature in _BY_KIND[record.kind]
        if feature.replace(record) is not None
    }


def kinds_of(features: Iterable[str]) -> set[int]:
    """Return the kinds of types that ``sanitized`` may replace.

    >>> kinds_of(["float"])
    {16}
    """
    return {FEATURES[name].example.kind for name in features}


def sanitized(record: t.Type, missing: Iterable[str]) -> t.Type:
    """Return the record, or its replacement if the kernel lacks a feature that the record uses.

    >>> sanitized(t.TypeTag("user", 7), ["float", "type_tag"])
    Const(type_id=7, kind=10)
    """
    for name in missing:
        record = FEATURES[name].replace(record) or record
    return record
