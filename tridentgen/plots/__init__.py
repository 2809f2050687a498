"""Pictures of events, event rates and the equivalent-photon approximation."""
