"""Variants: an image in the sizes and formats of a ladder, each encoded once, from the clean master alone."""
