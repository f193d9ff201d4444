"""The portal: one small program on port 80 that answers the probes of tablets and shows the way to the server.

`answering` decides (pure), `door` reads and writes sockets, `guests` remembers in memory who has seen the welcome page.
Nothing here touches a disk after the start.
"""
