"""Copies of the archive on another disk, and the way back.

What a backup looks like is told in layout.py, and to people in the README.txt that lies beside it.  Everything here
runs in the process of a command, never in the server's: a backup only reads the archive, a restore sends to it.
"""
