"""Pixel workers: what they decode and draw, and what happens when an image kills one."""
