"""The input self-test: does a model get its pictures, frames and texts in the form that it was trained with?

The faults it looks for raise no error and cost points: see `docs/doctor.md`.
"""
