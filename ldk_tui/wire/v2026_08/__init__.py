"""Protobuf modules of level 2026-08; made by proto/generate.py, not edited."""
