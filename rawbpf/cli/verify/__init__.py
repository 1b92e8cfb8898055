"""Commands about the verifier: ``verify``, ``explain`` and ``gallery``."""
