"""Training of the adaptive map, integration and generation."""
