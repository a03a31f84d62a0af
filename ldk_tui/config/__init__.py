"""Files, profiles, paths."""
