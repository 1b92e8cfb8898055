"""Rules about registers: uninitialized values, arithmetic, and values of the wrong kind."""
