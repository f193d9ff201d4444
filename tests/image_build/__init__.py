"""The stages of the image, without building it."""
