"""Facts about the running kernel, one a file. Nothing here changes anything but a limit."""
