"""What people and programs read: lines, JSON Lines, tables. Values in, text out."""
