"""Pictures from files and folders to a Tolva."""
