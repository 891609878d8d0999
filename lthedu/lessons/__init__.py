"""The lessons: a folder each, named like its notebook, with what that lesson does with the library."""
