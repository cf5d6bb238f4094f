"""The front, confirmed: more trainings of its networks, twins without a teacher, timing with nothing else running."""
