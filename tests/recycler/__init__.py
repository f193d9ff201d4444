"""Who goes to make room, when, and what happens when there is none."""
