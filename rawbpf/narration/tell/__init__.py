"""Turn Calls into text for people: lines, dumps, reasons, JSON."""
