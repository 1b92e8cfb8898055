"""Programs that the verifier refuses, each with its lesson and its repair."""
