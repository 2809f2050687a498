"""Events of other generators as columns."""
