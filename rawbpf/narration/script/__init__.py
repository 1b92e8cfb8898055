"""Write recorded calls as a Python script that does not depend on rawbpf."""
