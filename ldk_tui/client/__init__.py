"""Talking to one server: connect, sign, call, page, stream."""
