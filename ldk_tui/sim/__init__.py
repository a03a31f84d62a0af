"""An LDK Server that never was: worlds, faults, the exact wire."""
