"""Read and explain verifier logs. Text in, values out; no kernel is needed.

`log.py` reads a log, `path.py` walks back to the instructions that led to the rejection,
`origins.py` follows a value along that path, `rules/` knows the messages, and `explain.py` combines
them into an explanation. None of this is imported before a program is rejected or a log is wanted.
"""
