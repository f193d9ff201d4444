"""The single way in: what is taken, what is refused, and where the refused lies."""
