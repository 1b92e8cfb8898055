"""What host and guest agree on: frames, shared memory, archives. Both ends import this."""
