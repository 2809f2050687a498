"""What is done with events and cross sections: rates, cuts, plots."""
