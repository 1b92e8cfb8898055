"""The guest's root file system: which files of this machine, in what form."""
