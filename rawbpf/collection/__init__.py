"""From an object file to programs that run, in named steps.

open      the file's bytes -> an ObjectSpec                             no kernel
prepare   maps get the sizes, externs the answers that this kernel has
relocate  instructions get the offsets that this kernel's types have
load      maps are made and filled, programs verified
attach    each program goes where its section says
"""
