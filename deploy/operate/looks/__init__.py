"""Looks: each asks one part of a running installation, in parallel with the others, and gives up after its time."""
