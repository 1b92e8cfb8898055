"""The guest's root file system: the host files that it contains, and their form."""
