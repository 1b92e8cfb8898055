"""System call narration and replay."""
