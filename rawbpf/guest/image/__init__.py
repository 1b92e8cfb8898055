"""The guest's root file system: which host files it contains, and in which form."""
