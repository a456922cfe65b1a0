"""Representations on disk, and queries to hits."""
