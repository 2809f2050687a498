"""Discovery limits of dark matter over a background of neutrinos, and the neutrino fog."""
