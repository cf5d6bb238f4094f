"""Confirmation of the front: more trainings, twins without a teacher, and timing with nothing else running."""
