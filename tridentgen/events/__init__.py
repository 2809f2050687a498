"""The event file and the events in memory."""
