"""The kernel's numbers and layouts, as data. Nothing here does anything."""
