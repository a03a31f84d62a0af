"""What things are: values, rules, states. Standard library only: no I/O, no clock, no protobuf, no Textual."""
