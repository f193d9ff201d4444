"""Kills the server at every step of keeping and compares what was acknowledged with what is served afterwards."""
