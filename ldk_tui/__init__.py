"""ldk-tui: the operator's cockpit for LDK Server, in a terminal."""

__version__ = "0.1.0"
