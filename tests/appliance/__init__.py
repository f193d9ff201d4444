"""The box, tried in folders, on sockets and in network namespaces of its own."""
