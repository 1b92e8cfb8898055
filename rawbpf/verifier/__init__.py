"""The verifier's log, read and explained. Text in, values out; no kernel is needed.

`log.py` reads, `path.py` walks back, `trace.py` follows a value, `rules/` knows what refusals mean,
`explain.py` puts it together and `show.py` on the screen. Nothing of this is imported before a
program was refused, or somebody asks for a log.
"""
