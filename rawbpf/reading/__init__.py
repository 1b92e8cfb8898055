"""Read what programs send: map their rings, sleep until records arrive, deliver and count them."""
