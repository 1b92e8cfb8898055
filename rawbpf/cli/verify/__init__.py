"""Commands related to the verifier: ``verify``, ``explain`` and ``gallery``."""
