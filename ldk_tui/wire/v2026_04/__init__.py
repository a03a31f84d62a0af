"""Protobuf modules of level 2026-04; made by proto/generate.py, not edited."""
