"""Event files that detector simulations and other tools read."""
