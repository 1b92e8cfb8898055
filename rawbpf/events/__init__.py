"""From the bytes of a record to an event that a program can use."""
