"""What a student can learn from a teacher: named taps, losses as pure functions, and recipes that join them."""
