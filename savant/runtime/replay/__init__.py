"""Readings of a recorded run: run again offline, compared with another, taken up from a step, kept as a test."""
