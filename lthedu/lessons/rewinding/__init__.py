"""The lesson "Rewinding: when going back to the start is too far"."""
