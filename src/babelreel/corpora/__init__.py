"""Annotations and files to corpora: one module a data set family."""
