"""What makes a computer with Pacsberry a box for a classroom: first boot, network, portal, poster, command.

Standard library, psutil and segno. The server never imports this package, and this package reaches the server only
through its command and its files.
"""
