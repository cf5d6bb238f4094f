"""Distillation: named taps, losses as pure functions, and configurations that join them."""
