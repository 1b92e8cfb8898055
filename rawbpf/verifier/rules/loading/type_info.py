"""RB-V020: BTF types, func_info or line_info do not match the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_WORDS = {
    "callback": "the callback is a global function, but must be static",
    "func_info": "the program's func_info does not match its functions",
    "line_info": "the program's line_info does not match its instructions",
    "btf": "the program's BTF types are invalid",
}


def _explain(_failure: Failure, match: re.Match[str]) -> Finding:
    text = match[0].lower()
    if "not static" in text:
        return Finding(_WORDS["callback"], change="declare the callback static")
    key = "line_info" if "line" in text else "func_info" if "func" in text else "btf"
    return Finding(
        _WORDS[key],
        change="compile with clang -g, and update these records if you change instructions",
    )


RULE = Rule(
    code="RB-V020",
    title="BTF information does not match the program",
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
        "A program can be loaded with BTF types, one record per function (func_info) and "
        "one per source line (line_info). The records refer to instructions by index. "
        "The records must be sorted and refer to instructions inside the program, and "
        "each func_info record must refer to the first instruction of a function. A "
        "function that is used "
        "as a callback must be static."
    ),
    reason=(
        "The kernel provides this information to tools that list or debug programs. The "
        "verifier also relies on this information, because functions can be verified by "
        "their types alone."
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
