"""The verifier on the command line: ``verify``, ``explain`` and ``gallery``."""
