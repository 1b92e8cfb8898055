"""RB-V020: types, functions or lines that came with the program do not fit its instructions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_WORDS = {
    "callback": "by its types the function that is handed out to be called back is a global one",
    "func_info": "the functions that the program's types describe are not those that it has",
    "line_info": "the lines of source that came with the program do not fit its instructions",
    "btf": "the types that came with the program cannot be used",
}


def _explain(_failure: Failure, match: re.Match[str]) -> Finding:
    text = match[0].lower()
    if "not static" in text:
        return Finding(_WORDS["callback"], change="declare it static")
    key = "line_info" if "line" in text else "func_info" if "func" in text else "btf"
    return Finding(
        _WORDS[key],
        change="compile with clang -g, and change instructions only together with their records",
    )


RULE = Rule(
    code="RB-V020",
    title="Types or lines that do not fit the program",
    patterns=(
        r"^missing btf func_info",
        r"^callback function not static",
        (
            r"(?:number of funcs in func_info|func_info BTF section) doesn't match "
            r"(?:subprog layout in BPF program|number of subprogs)"
        ),
        r"number of funcs in func_info doesn't match number of subprogs",
        r"nonzero tailing record in (?:func|line)_info",
        r"same insn[_ ]off|^(?:func|line)_info\[\d{1,9}\]",
        r"Invalid (?:insn_off|line_off|file_name_off|line_info|func_info)\b[^\n]*",
        r"^invalid (?:size of rec|type id|insn_off|func info rec size|func linkage)[^\n]*",
        r"Invalid insn code at line_info\[\d{1,9}\]",
        r"missing bpf_line_info for (?:subprog|func)#\d{1,9}",
        (
            r"(?:callback|func) .{0,40}(?:has|with)(?:out)? (?:no |invalid )?(?:btf|func_info|func "
            r"info)"
        ),
    ),
    meaning=(
        "With a program go BTF types, a record for the beginning of each function (func_info) and "
        "one for each line of source (line_info). They count instructions, and must be in order, "
        "inside the program and at its functions' first instructions. A function that is handed "
        "out to be called back must be a static one by its types."
    ),
    reason=(
        "The kernel shows them to whoever lists or debugs programs, and since functions can be "
        "verified by their types alone it also believes them."
    ),
    examples=(
        Example(
            '.map m, array, key=u32, value=u64, entries=1\n\n.program each, "socket"\n'
            "        r1 = m ll\n        r2 = one ll\n        r3 = 0\n        r4 = 0\n"
            "        call for_each_map_elem\n        r0 = 0\n        exit\n"
            ".function one\n        r0 = 0\n        exit\n",
            '.program each, "socket"\n        r0 = 0\n        exit\n',
            until="5.12",
        ),
    ),
    explain=_explain,
)
