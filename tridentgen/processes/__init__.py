"""What can be sampled: each process names its dimensions, parameters, integrand and event columns."""
