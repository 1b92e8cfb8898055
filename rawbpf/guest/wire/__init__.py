"""The protocol between host and guest: frames, shared memory, archives. Both ends import it."""
