"""Random numbers by event number, the adaptive map, integration and generation."""
