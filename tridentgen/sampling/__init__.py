"""Training of VEGAS maps, integration and event generation."""
