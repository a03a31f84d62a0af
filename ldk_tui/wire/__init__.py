"""How a server of one level says it: generated protobuf and one dialect per level."""
