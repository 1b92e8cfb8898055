"""Rules about memory accesses: bounds, alignment, NULL pointers and read-only memory."""
