"""Rules about control flow: jumps, loops, exits and program size."""
