"""The pixel worker: a process that decodes and draws one frame at a time, and may die of it.

numpy and the codecs are imported here and nowhere else; no other package imports this one.
"""
