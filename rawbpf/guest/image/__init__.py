"""The guest's root file system: which files of the host it contains, and in which form."""
