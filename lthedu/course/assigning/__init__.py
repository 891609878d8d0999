"""Assignments made of lessons: what students get, and what their answers are graded with."""
