"""The portal, on real sockets."""
