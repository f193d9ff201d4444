"""Pictures made ahead of need: packs, where they are kept, and when they are made."""
