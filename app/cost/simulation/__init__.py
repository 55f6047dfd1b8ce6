"""A simulation of the stack by discrete events: a peak before anything has grown. Pure."""
