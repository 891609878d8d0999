"""The lesson "What is a lottery ticket?"."""
