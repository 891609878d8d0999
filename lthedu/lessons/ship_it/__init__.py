"""A lesson to come: two of its exercises, on masks that settle, which wait here for their notebook."""
