"""A model server and a simulated population, so that the whole loop can be watched on one machine."""
