"""The check of an arriving picture: from a stranger's bytes to a clean master."""
