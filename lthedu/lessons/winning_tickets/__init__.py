"""The lesson "Winning tickets"."""
