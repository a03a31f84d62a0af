"""What we know of one node and do to it: store, event feed, refresh, alarms."""
