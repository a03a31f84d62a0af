"""One file a modal dialog."""
