"""Cursors over the rings that the kernel writes, given any buffer that looks like one."""
