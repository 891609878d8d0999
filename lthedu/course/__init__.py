"""The course around the library: verbs of a lesson, the learner's folder, the canonical notebook."""
