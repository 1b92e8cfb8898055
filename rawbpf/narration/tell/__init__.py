"""Format Call objects for people (lines, dumps, reasons) and as JSON."""
