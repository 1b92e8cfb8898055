r"""Format a control-flow graph for Graphviz, for example ``dot -Tsvg``.

Each function is a cluster, and each block is a box that contains its instructions. An edge of a
conditional jump is dashed if it represents the taken branch, and dotted otherwise. Backward edges
(loops) are red.

>>> from rawbpf.asm.cfg import Block, Edge
>>> blocks = [Block(0, 2, 0, (Edge(0, "taken"), Edge(2, "falls"))), Block(2, 3, 0, ())]
>>> print(*dot("program", blocks, {0: ["r1 -= 1", 'if r1 != 0 goto "L1"'], 2: ["exit"]}, {}),
...       sep="\n")
digraph "program" {
  node [shape=box, fontname=monospace];
  subgraph cluster_0 {
    label="0";
    b0 [label="r1 -= 1\lif r1 != 0 goto \"L1\"\l"];
    b2 [label="exit\l"];
  }
  b0 -> b0 [style=dashed, color=red];
  b0 -> b2 [style=dotted];
}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rawbpf.asm.cfg import Block

__all__ = ["dot"]

_STYLES = {"jump": "", "taken": "style=dashed", "falls": "style=dotted"}


def dot(
    title: str,
    blocks: Sequence[Block],
    texts: Mapping[int, Iterable[str]],
    functions: Mapping[int, str],
) -> Iterator[str]:
    """Yield the lines of the graph.

    ``texts`` maps the start of each block to the block's lines. ``functions`` maps slots to
    function names.
    """
    yield f"digraph {_quoted(title)} {{"
    yield "  node [shape=box, fontname=monospace];"
    for function in dict.fromkeys(block.function for block in blocks):
        yield f"  subgraph cluster_{function} {{"
        yield f"    label={_quoted(functions.get(function, str(function)))};"
        for block in blocks:
            if block.function == function:
                lines = "".join(f"{_escaped(text)}\\l" for text in texts[block.start])
                yield f'    b{block.start} [label="{lines}"];'
        yield "  }"
    for block in blocks:
        for edge in block.edges:
            words = [_STYLES[edge.kind], "color=red" if edge.target <= block.start else ""]
            attributes = ", ".join(word for word in words if word)
            end = f" [{attributes}];" if attributes else ";"
            yield f"  b{block.start} -> b{edge.target}{end}"
    yield "}"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')
