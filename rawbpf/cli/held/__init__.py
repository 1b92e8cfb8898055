"""Commands for the programs, maps and links that are loaded in the kernel."""
