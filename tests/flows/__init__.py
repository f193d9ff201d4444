"""Follows images through the whole server with the programs people use."""
