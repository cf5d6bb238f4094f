"""Errors that papers print."""
