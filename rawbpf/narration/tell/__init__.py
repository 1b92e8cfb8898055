"""From Calls to text for people: lines, dumps, reasons, JSON."""
