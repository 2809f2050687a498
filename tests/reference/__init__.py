"""Independent calculations that the physics tests compare with; nothing here is used by the package."""
