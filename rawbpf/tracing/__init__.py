"""The tracer: what to probe, the program that it takes, a session of it, and the account after."""
